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
    if (what === 'r2') {
      const object = await env.BUCKET.get(name, { range: request.headers });
      return new Response(object?.body ?? null, { status: object === null ? 404 : 200 });
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
    // Any Worker must do this much if `current` may move at any moment and every request is logged.
    if (what === 'alias') {
      await env.BUCKET.get('alias');
      console.log(
        JSON.stringify({ event: 'request', path: '/alias', status: 200, bytes: 154, milliseconds: 1, at: Date.now() }),
      );
      return (await caches.default.match('https://cache.test/version.txt')) ?? new Response(null, { status: 404 });
    }
    if (what === 'cached') {
      const cacheKey = new Request('https://cache.test/version.txt');
      if (name === 'text') return (await caches.default.match(cacheKey)) ?? new Response(null, { status: 404 });
      const headers = { 'cache-control': 'max-age=3600', 'content-type': 'text/plain' };
      await caches.default.put(cacheKey, new Response(await request.text(), { headers }));
      return new Response('kept');
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

const PART_BYTES = 8 * 1024 * 1024;

/**
 * Writes an object by a multipart upload, as the mirror does. The emulator reads multipart objects at another speed
 * than others, so the benchmark must read the same kind in both Workers.
 */
async function putInParts(source: Response, bucket: R2Bucket, name: string): Promise<void> {
  const upload = await bucket.createMultipartUpload(name);
  const reader = source.body?.getReader({ mode: 'byob' });
  const parts: R2UploadedPart[] = [];
  for (;;) {
    const read = await reader?.readAtLeast(PART_BYTES, new Uint8Array(PART_BYTES));
    if (read?.value === undefined || read.value.length === 0) break;
    parts.push(await upload.uploadPart(parts.length + 1, read.value));
  }
  await upload.complete(parts);
}
