/** An edge in plain Node, over R2 and KV in memory, with a release of a throwaway key that is mirrored in it. */

import type { Platform } from '../../src/shared/platform.ts';
import { makeRelease } from '../../tools/release-server/release.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../../tools/release-server/signing-key.ts';
import { type Edge, edgeOver, OPERATOR, OPERATOR_TOKEN } from './edge.ts';
import { lateNamespace } from './late-namespace.ts';
import { type MemoryBucket, memoryBucket } from './memory-bucket.ts';
import { provideStreams } from './node-streams.ts';

const PAIR = 'stable/amd64-usr';
const SIGNED = new Date('2025-01-02T00:00:00Z');
const KERNEL = 'flatcar_production_pxe.vmlinuz';

export interface NodeEdge extends Edge {
  readonly bucket: MemoryBucket;
  call(method: string, path: string, body?: string, headers?: Record<string, string>): Promise<Response>;
  mirror(version: string): Promise<void>;
  /** What upstream has, by path. */
  readonly upstream: Map<string, Uint8Array<ArrayBuffer>>;
}

export interface NodeEdgeOptions {
  readonly versions?: readonly string[];
  readonly vars?: Readonly<Record<string, string>>;
  readonly platform?: Partial<Platform>;
  /** What another host answers; `undefined` for one that is not there. */
  readonly elsewhere?: (request: Request) => Promise<Response> | undefined;
  /** Signs the releases; a new one for each edge unless told, which takes a while. */
  readonly key?: Awaited<ReturnType<typeof makeSigningKey>>;
  /** The files of a release beside version.txt; a kernel alone unless told. */
  readonly filesOf?: (version: string) => Readonly<Record<string, number | string | Uint8Array>>;
  readonly partBytes?: number;
  /** Stands for R2 in the place of the memory bucket. */
  readonly over?: R2Bucket;
}

/** Opens an edge whose upstream has these versions; the last one is what its `current` names. */
export async function nodeEdge(options: NodeEdgeOptions = {}): Promise<NodeEdge> {
  const { versions = ['4593.2.5'], vars = {}, elsewhere, filesOf = () => ({ [KERNEL]: 300 }) } = options;
  provideStreams();
  const key = options.key ?? (await makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') }));
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const version of versions) {
    const made = await makeRelease({ version, files: filesOf(version), key, signedAt: SIGNED, bare: true });
    for (const [name, bytes] of made) {
      const copy = Uint8Array.from(bytes);
      files.set(`/${PAIR}/${version}/${name}`, copy);
      if (name.startsWith('version.txt')) files.set(`/${PAIR}/current/${name}`, copy);
    }
  }
  const armored = publicKeyText(key);
  const bucket = memoryBucket({ now: options.platform?.now ?? Date.now });
  const fetch = async (request: Request) => {
    const { pathname, host } = new URL(request.url);
    if (host !== 'upstream.test') return (await elsewhere?.(request)) ?? new Response(null, { status: 404 });
    if (pathname === '/key.asc') return new Response(armored);
    const bytes = files.get(pathname);
    if (bytes === undefined) return new Response(null, { status: 404 });
    const headers = { etag: `"${pathname.length}-${bytes.length}"`, 'content-length': String(bytes.length) };
    return new Response(request.method === 'HEAD' ? null : bytes, { headers });
  };
  const edge = edgeOver(
    {
      ...{ RELEASES: options.over ?? bucket.r2, MACHINES: lateNamespace().namespace },
      ...{ UPSTREAM_URL: 'http://upstream.test/{channel}/{board}/{version}/{file}' },
      ...{ SIGNING_KEY_URL: 'http://upstream.test/key.asc', SIGNING_KEY_FINGERPRINTS: fingerprint(key) },
      ...{ OPERATOR_TOKEN, CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes' },
      ...{ MIRROR: PAIR, MIRROR_FILES: `version.txt,${KERNEL}` },
      ...vars,
    },
    {
      platform: { fetch, ...options.platform },
      ...(options.partBytes === undefined ? {} : { partBytes: options.partBytes }),
    },
  );
  const call = async (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
    await edge.fetch(path, { method, headers: { ...OPERATOR, ...headers }, ...(body === undefined ? {} : { body }) });
  return {
    ...edge,
    bucket,
    upstream: files,
    call,
    mirror: async (version) => {
      const started = await call('PUT', `/api/mirrors/${PAIR}/${version}`);
      const outcomes = await edge.runAll();
      if (started.status !== 202 || outcomes.some((outcome) => outcome !== 'complete'))
        throw new Error(`${started.status} ${outcomes.join()}`);
    },
  };
}
