import { createHash } from 'node:crypto';

/** The bare Worker, with which the benchmark compares the edge. Each path does the least work for the same bytes. */
interface BareEnv {
  readonly UPSTREAM: string;
  readonly BUCKET: R2Bucket;
  readonly COPIES: KVNamespace;
  /** The bucket of the edge, which the benchmark fills with state. */
  readonly RELEASES: R2Bucket;
}

interface KeptObject {
  readonly key: string;
  readonly text: string;
  readonly customMetadata: Record<string, string>;
  readonly httpMetadata: R2HTTPMetadata;
}

export default {
  async fetch(request, env): Promise<Response> {
    const [, what, ...rest] = new URL(request.url).pathname.split('/');
    const name = rest.join('/');
    if (what === 'pass') return await fetch(`${env.UPSTREAM}/${name}`);
    if (what === 'put') {
      const upstream = await fetch(`${env.UPSTREAM}/${name}`);
      await env.BUCKET.put(name, upstream.body);
      return new Response('stored');
    }
    if (what === 'parts') {
      await putInParts(await fetch(`${env.UPSTREAM}/${name}`), env.BUCKET, name);
      return new Response('stored');
    }
    if (what === 'r2') return await fromBucket(env.BUCKET, name, request);
    // Whoever is on call for a Worker wants a line a request.
    if (what === 'r2-logged') {
      console.log(JSON.stringify({ event: 'request', path: `/${name}`, status: 200, at: Date.now() }));
      return await fromBucket(env.BUCKET, name, request);
    }
    if (what === 'keep') {
      const text = await request.text();
      await Promise.all([env.BUCKET.put(name, text), env.COPIES.put(name, text, { metadata: { etag: 'x' } })]);
      return new Response('kept');
    }
    // A boot with fresh copies makes these reads: head and copy of the machine, then head and copy of its profile.
    if (what === 'reads') {
      const [copy] = await Promise.all([
        env.COPIES.getWithMetadata(`${name}-machine`),
        env.BUCKET.head(`${name}-machine`),
      ]);
      await Promise.all([env.COPIES.getWithMetadata(`${name}-profile`), env.BUCKET.head(`${name}-profile`)]);
      return new Response(copy.value);
    }
    // The SHA-512 of so many bytes, which come from nowhere.
    if (what === 'sha512') {
      const hash = createHash('sha512');
      for (let left = Number(name); left > 0; left -= CHUNK.length) hash.update(CHUNK.subarray(0, left));
      return new Response(hash.digest('hex'));
    }
    if (what === 'object') {
      await env.RELEASES.put(name, request.body);
      return new Response('kept');
    }
    // A line an object, as JSON: its key, its text, its metadata.
    if (what === 'objects') {
      const objects = (await request.text()).split('\n').map((line) => JSON.parse(line) as KeptObject);
      for (let at = 0; at < objects.length; at += 20) {
        const puts = objects
          .slice(at, at + 20)
          .map(({ key, text, ...options }) => env.RELEASES.put(key, text, options));
        await Promise.all(puts);
      }
      return new Response('kept');
    }
    if (what === 'machines') {
      const [from = 0, to = 0] = rest.map(Number);
      const customMetadata = {
        generation: '1',
        epoch: 'e',
        profile: '',
        kind: 'none',
        expiry: '0',
        updated: '',
        deleted: '',
      };
      const ids = Array.from({ length: to - from }, (_, index) => String(from + index).padStart(6, '0'));
      for (let at = 0; at < ids.length; at += 20) {
        await Promise.all(
          ids.slice(at, at + 20).map((id) => env.RELEASES.put(`machines/vm-${id}.json`, '{}', { customMetadata })),
        );
      }
      return new Response('kept');
    }
    return new Response('bare');
  },
} satisfies ExportedHandler<BareEnv>;

/** What Cloudflare's own example does (developers.cloudflare.com/r2/api/workers/workers-api-usage), with the Content-Range that a part has. */
async function fromBucket(bucket: R2Bucket, name: string, request: Request): Promise<Response> {
  const object = await bucket.get(name, { onlyIf: request.headers, range: request.headers });
  if (object === null) return new Response(null, { status: 404 });
  const headers = new Headers({ etag: object.httpEtag });
  object.writeHttpMetadata(headers);
  if (!('body' in object)) return new Response(null, { status: 412, headers });
  const { range, size, body } = object;
  const isPart = request.headers.has('range') && range !== undefined && 'offset' in range;
  if (!isPart) return new Response(body, { headers });
  const { offset = 0, length = size - offset } = range;
  headers.set('content-range', `bytes ${offset}-${offset + length - 1}/${size}`);
  return new Response(body, { status: 206, headers });
}

const CHUNK = new Uint8Array(256 * 1024);
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_IN_FLIGHT = 3;

/** Writes an object by a multipart upload of the mirror's parts, as many at once, and looks at no byte: what rclone does. */
async function putInParts(source: Response, bucket: R2Bucket, name: string): Promise<void> {
  const upload = await bucket.createMultipartUpload(name);
  const reader = source.body?.getReader({ mode: 'byob' });
  const parts: Promise<R2UploadedPart>[] = [];
  for (;;) {
    const read = await reader?.readAtLeast(PART_BYTES, new Uint8Array(PART_BYTES));
    if (read?.value === undefined || read.value.length === 0) break;
    if (parts.length >= PARTS_IN_FLIGHT) await parts[parts.length - PARTS_IN_FLIGHT];
    parts.push(upload.uploadPart(parts.length + 1, read.value));
  }
  await upload.complete(await Promise.all(parts));
}
