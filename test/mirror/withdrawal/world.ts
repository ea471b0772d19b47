/** A small mirror in plain Node: three genuine releases upstream, R2 in memory, time that jumps, and a hook before every call to R2. */
import type { PrivateKey } from 'openpgp';
import { makeRelease } from '../../../tools/release-server/release.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../../../tools/release-server/signing-key.ts';
import { type Edge, type EdgeOptions, edgeOver, OPERATOR, OPERATOR_TOKEN } from '../../support/edge.ts';
import { type MemoryBucket, memoryBucket } from '../../support/memory-bucket.ts';
import { MemoryUpstream } from '../../support/memory-upstream.ts';
import { provideStreams } from '../../support/node-streams.ts';
import { makeCryptoPrompt } from '../../support/prompt-crypto.ts';
import { seeded } from '../../support/seeded.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

export const PAIR = 'stable/amd64-usr';
export const KERNEL = 'flatcar_production_pxe.vmlinuz';
export const HOUR_MS = 3_600_000;
const SIGNED = new Date('2025-01-02T00:00:00Z');

export interface Signed {
  readonly key: PrivateKey;
  /** By version, then by name. */
  readonly releases: ReadonlyMap<string, ReadonlyMap<string, Buffer>>;
}

/** Signs small releases with these numbers, and prepares this process as well. */
export async function signReleases(versions: readonly string[]): Promise<Signed> {
  provideStreams();
  const key = await makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') });
  const releases = new Map<string, ReadonlyMap<string, Buffer>>();
  for (const version of versions) {
    releases.set(version, await makeRelease({ version, files: { [KERNEL]: 300 }, key, signedAt: SIGNED, bare: true }));
  }
  makeCryptoPrompt();
  return { key, releases };
}

/** Is called before each call to the bucket, as `operation key`. */
export type BeforeCall = (call: string) => Promise<unknown> | undefined;

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { detail?: string };
}

/** A new, empty mirror of a pair, whose upstream has the signed releases. */
export class World {
  readonly clock: VirtualClock;
  readonly bucket: MemoryBucket;
  readonly upstream: MemoryUpstream;
  readonly #vars: Readonly<Record<string, string>>;

  constructor(signed: Signed, vars: Readonly<Record<string, string>> = {}, pair = PAIR, start?: number) {
    this.clock = new VirtualClock(start);
    this.bucket = memoryBucket({ now: this.clock.now });
    this.upstream = new MemoryUpstream(this.clock.timer, SIGNED);
    for (const [version, files] of signed.releases) {
      for (const [name, bytes] of files) this.upstream.put(`${pair}/${version}/${name}`, bytes);
    }
    this.upstream.put('key.asc', Buffer.from(publicKeyText(signed.key)));
    this.#vars = {
      OPERATOR_TOKEN,
      MIRROR: PAIR,
      CHANNELS: 'stable',
      BOARDS: 'amd64-usr',
      MIRROR_FILES: `version.txt,${KERNEL}`,
      UPSTREAM_URL: this.upstream.template,
      SIGNING_KEY_URL: this.upstream.url('key.asc'),
      SIGNING_KEY_FINGERPRINTS: fingerprint(signed.key),
      ...vars,
    };
  }

  /** An isolate with caches of its own. */
  isolate(before?: BeforeCall, options: EdgeOptions = {}): Edge {
    const { now, timer } = this.clock;
    const platform = { fetch: this.upstream.fetch, timer, now, random: seeded(1), ...options.platform };
    const bucket = before === undefined ? this.bucket.r2 : hooked(this.bucket.r2, before);
    const bindings = { RELEASES: bucket, MACHINES: {} } as unknown as Record<string, unknown>;
    return edgeOver({ ...bindings, ...this.#vars, ...options.vars }, { ...options, platform });
  }

  /** Calls the API as the operator. */
  async api(edge: Edge, method: string, path: string, body?: unknown): Promise<Answer> {
    const init = { method, headers: OPERATOR, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const work = async () => {
      const response = await edge.fetch(`/api/${path}`, init);
      return { status: response.status, body: (await response.json()) as Answer['body'] };
    };
    return await work();
  }

  /** Mirrors a release as the operator and returns how its jobs ended. */
  async mirror(edge: Edge, version: string): Promise<string[]> {
    await this.api(edge, 'PUT', `mirrors/${PAIR}/${version}`);
    return await edge.runAll();
  }

  /** What a client gets at a path below the pair: the status, and where it is from. */
  async get(edge: Edge, path: string): Promise<{ status: number; source: string | null; version: string | null }> {
    const response = await edge.fetch(`/${PAIR}/${path}`);
    await response.arrayBuffer().catch(() => undefined);
    const { headers, status } = response;
    return { status, source: headers.get('x-flatcar-source'), version: headers.get('x-flatcar-version') };
  }

  /** The stored JSON at a key. */
  stored<T = Record<string, unknown>>(key: string): T | undefined {
    const object = this.bucket.objects.get(key);
    return object === undefined ? undefined : (JSON.parse(new TextDecoder().decode(object.bytes)) as T);
  }

  async put(key: string, value: unknown): Promise<void> {
    await this.bucket.r2.put(key, typeof value === 'string' ? value : JSON.stringify(value));
  }

  /** Resolves after so much of the world's time; for use below `until`, which lets it pass. */
  wait = (milliseconds: number): Promise<void> => this.clock.timer(milliseconds).elapsed;

  until = <T>(work: Promise<T>): Promise<T> => this.clock.until(work);
}

const HOOKED = new Set(['head', 'get', 'put', 'delete', 'list', 'createMultipartUpload']);

function hooked(real: R2Bucket, before: BeforeCall): R2Bucket {
  return new Proxy(real, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || !HOOKED.has(String(name))) return member;
      return async (...parameters: unknown[]) => {
        const [key] = parameters;
        await before(`${String(name)} ${typeof key === 'string' ? key : JSON.stringify(key)}`);
        return (await Reflect.apply(member, target, parameters)) as unknown;
      };
    },
  });
}
