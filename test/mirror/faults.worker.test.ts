/**
 * Nothing unverified is ever readable: whole mirror runs in which the 1st, 2nd, … Kth call to any port fails, hangs or is
 * cut. After each, every public URL and the bucket are walked; then an undisturbed attempt completes.
 */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, expect, it } from 'vitest';
import type { DoStep } from '../../src/mirror/run-job.ts';
import { sameBytes } from '../../src/shared/bytes.ts';
import { systemPlatform } from '../../src/shared/platform.ts';
import { OPERATOR, OPERATOR_TOKEN, openEdge } from '../support/edge.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

const IMAGE = 'flatcar_production_image.bin.bz2';
const KERNEL = 'flatcar_production_pxe.vmlinuz';
const LIST = 'flatcar_production_image_packages.txt';
const SIZES = { [IMAGE]: 9 * 1024 * 1024, [KERNEL]: 3000, [LIST]: 2000 };
const VARS = {
  OPERATOR_TOKEN,
  MIRROR: 'stable/amd64-usr',
  MIRROR_FILES: `version.txt,${IMAGE},${KERNEL},${LIST},missing.bin`,
};
const HERE = 'stable/amd64-usr/4593.2.5';
const NAMES = ['version.txt', IMAGE, KERNEL, LIST].flatMap((name) => [name, `${name}.sig`, `${name}.DIGESTS`]);
/** A whole undisturbed run makes this many calls or more, counted below. */
const LEAST_CALLS = 100;

type Kind = 'fail' | 'hang' | 'cut' | 'restart';

/** Strikes the nth call to any port, once. */
class Injector {
  calls = 0;
  constructor(
    private readonly target: number,
    private readonly kind: Kind,
  ) {}

  async call<T>(work: () => Promise<T>, cut?: (value: T) => T): Promise<T> {
    this.calls += 1;
    if (this.calls !== this.target || this.kind === 'restart') return await work();
    if (this.kind === 'hang') return await new Promise<T>(() => undefined);
    if (this.kind === 'cut' && cut !== undefined) return cut(await work());
    // The call may have done its work before its answer was lost.
    if (this.kind === 'cut') await work();
    throw new Error('injected');
  }

  get isDueForRestart(): boolean {
    return this.kind === 'restart' && this.calls >= this.target;
  }
}

/** Patience in hundredths: what hangs must be given up, and no test waits seconds for that. */
const hurried = (injector: Injector) => ({
  timer: (milliseconds: number) => systemPlatform.timer(Math.min(milliseconds / 100, 200)),
  fetch: (request: Request) => injector.call(() => fetch(request), cutBody),
});

function cutBody(response: Response): Response {
  if (response.body === null) return response;
  let sent = 0;
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      sent += chunk.length;
      if (sent > 4096) controller.error(new Error('cut'));
      else controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(cut), response);
}

function injectedBucket(injector: Injector): R2Bucket {
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (inner, name) => {
        const member: unknown = Reflect.get(inner, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          if (name === 'resumeMultipartUpload') return member.apply(inner, args) as unknown;
          const result = injector.call(() => member.apply(inner, args) as Promise<unknown>);
          return name === 'createMultipartUpload' ? result.then((upload) => wrap(upload as object)) : result;
        };
      },
    });
  return wrap(env.RELEASES);
}

/**
 * Steps as a Workflow keeps them over a restart of the runtime, which comes where a step would begin: the old run never
 * hears of anything again, and what its other lane still finishes is lost.
 */
class KeptSteps {
  readonly #kept = new Map<string, unknown>();
  readonly #underWay = new Set<Promise<unknown>>();
  #isOver = false;
  readonly restarted: Promise<'restarted'>;
  #restart: () => void = () => undefined;

  constructor(private readonly injector: Injector) {
    this.restarted = new Promise((resolve) => {
      this.#restart = () => resolve('restarted');
    });
  }

  /** The steps of one life of the runtime. */
  doStep(life: 1 | 2): DoStep {
    return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      if (life === 1 && this.injector.isDueForRestart) {
        this.#isOver = true;
        this.#restart();
      }
      const isDead = () => life === 1 && this.#isOver;
      if (isDead()) return await new Promise<T>(() => undefined);
      if (this.#kept.has(name)) return this.#kept.get(name) as T;
      const trying = this.#tries(work);
      this.#underWay.add(trying.catch(() => undefined));
      const value = await trying;
      if (isDead()) return await new Promise<T>(() => undefined);
      this.#kept.set(name, value);
      return value;
    };
  }

  /** Until nothing of the dead run touches the stores any more. */
  async quiet(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #tries<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return structuredClone(await work());
      } catch (cause) {
        if (attempt >= 5) throw cause;
      }
    }
  }
}

let tenant: UpstreamTenant;
let restarts = 0;
let originals: Map<string, Uint8Array>;

async function run(target: number, kind: Kind): Promise<number> {
  await reset();
  await tenant.rules();
  const injector = new Injector(target, kind);
  const steps = new KeptSteps(injector);
  const options = { vars: VARS, bindings: { RELEASES: injectedBucket(injector) }, platform: hurried(injector) };
  const edge = await openEdge(tenant, { ...options, doStep: steps.doStep(1) });
  await edge.fetch(`/api/mirrors/${HERE}`, { method: 'PUT', headers: OPERATOR });
  const [parameters] = edge.launched;
  if (parameters !== undefined) {
    const ended = await Promise.race([edge.run(parameters), steps.restarted]);
    if (ended === 'restarted') {
      restarts += 1;
      await steps.quiet();
      await walk();
      // The same instance goes on in a new isolate, with what its steps have kept, and nothing else is in its way.
      const next = await openEdge(tenant, { ...options, doStep: steps.doStep(2) });
      expect(await next.run(parameters)).toBe('complete');
      await next.settle();
    }
  }
  await edge.settle();
  await walk();
  return injector.calls;
}

/** Every public URL, and every manifest in the bucket. */
async function walk(): Promise<void> {
  const edge = await openEdge(tenant, { vars: VARS });
  const alias = await edge.fetch('/stable/amd64-usr/current/version.txt', { method: 'HEAD' });
  const isPublished = alias.headers.get('x-flatcar-source') === 'mirror';
  for (const name of NAMES) {
    const response = await edge.fetch(`/${HERE}/${name}`, { method: name === IMAGE && !isPublished ? 'HEAD' : 'GET' });
    const source = response.headers.get('x-flatcar-source');
    if (source === 'mirror' && response.body !== null) {
      expect(sameBytes(new Uint8Array(await response.arrayBuffer()), originals.get(name) ?? new Uint8Array())).toBe(
        true,
      );
    } else await response.body?.cancel();
    // An alias may name only a release whose every file is there.
    if (isPublished) expect([name, source]).toEqual([name, 'mirror']);
  }
  for (const { key } of (await env.RELEASES.list({ prefix: 'manifests/' })).objects) {
    const manifest = await (await env.RELEASES.get(key))?.json<{
      files: Record<string, { key: string; etag: string }>;
    }>();
    for (const entry of Object.values(manifest?.files ?? {}))
      expect((await env.RELEASES.head(entry.key))?.etag).toBe(entry.etag);
  }
  await edge.settle();
}

/** A later attempt, nothing in its way. */
async function completes(): Promise<void> {
  const late = { now: () => Date.now() + 11 * 60_000 };
  const edge = await openEdge(tenant, { vars: VARS, platform: late });
  await edge.fetch(`/api/mirrors/${HERE}`, { method: 'PUT', headers: OPERATOR });
  await edge.runAll();
  const job = await (await edge.fetch(`/api/mirrors/${HERE}`, { headers: OPERATOR })).json<{ state: string }>();
  expect(job.state).toBe('complete');
  for (const name of NAMES) {
    const response = await edge.fetch(`/stable/amd64-usr/current/${name}`);
    expect(response.headers.get('x-flatcar-source')).toBe('mirror');
    expect(sameBytes(new Uint8Array(await response.arrayBuffer()), originals.get(name) ?? new Uint8Array())).toBe(true);
  }
  await edge.settle();
}

beforeEach(async () => {
  await reset();
  tenant = new UpstreamTenant('faults');
  await tenant.release({
    channel: 'stable',
    board: 'amd64-usr',
    version: '4593.2.5',
    files: SIZES,
    aliases: ['current'],
  });
  originals = new Map();
  for (const name of NAMES) originals.set(name, await tenant.bytes(`${HERE}/${name}`));
});

/** Every call fails once; the other kinds strike every fourth, each beginning at another, to keep the suite short. */
const STRIDES = [
  ['fail', 1, 1],
  ['hang', 1, 4],
  ['cut', 2, 4],
  ['restart', 3, 4],
] as const;

it.each(STRIDES)(
  '%s: from call %i on, every %i',
  async (kind, first, stride) => {
    const calls = await run(Number.POSITIVE_INFINITY, kind);
    expect(calls).toBeGreaterThanOrEqual(LEAST_CALLS);
    let struck = 0;
    for (let target = first; target <= calls; target += stride) {
      struck += 1;
      await run(target, kind);
      await completes();
    }
    // Only a run that was about to begin another step can be restarted there.
    if (kind === 'restart') expect(restarts).toBeGreaterThan(struck / 2);
    console.log(`${kind}: K = ${calls} calls in a run, ${struck} of them struck`);
  },
  600_000,
);
