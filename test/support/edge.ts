/**
 * An edge as one isolate sees it: its own caches, the test's upstream, the test file's R2 and KV. `edgeOver` works in plain Node too,
 * over whatever stands for the bindings there.
 */

import { runDeliveries } from '../../src/announcements/deliver.ts';
import type { DeliveryParameters } from '../../src/announcements/workflow.ts';
import { createEdge } from '../../src/app.ts';
import type { Runtime } from '../../src/app-rooms.ts';
import { runCheck } from '../../src/machines/checks/run-check.ts';
import type { CheckParameters } from '../../src/machines/checks/workflow.ts';
import { runLook } from '../../src/machines/gate/gate.ts';
import type { LookParameters } from '../../src/machines/gate/workflow.ts';
import { type DoStep, runJob } from '../../src/mirror/run-job.ts';
import { runUnpack } from '../../src/mirror/unpack/run-unpack.ts';
import type { MirrorParameters, UnpackParameters } from '../../src/mirror/workflow.ts';
import type { Version } from '../../src/releases/model.ts';
import { type Platform, systemPlatform } from '../../src/shared/platform.ts';
import type { SysextParameters } from '../../src/sysexts/launcher.ts';
import { runSysexts } from '../../src/sysexts/run-sysexts.ts';
import { inBackground } from './background.ts';
import type { UpstreamTenant } from './upstream-tenant.ts';

export interface EdgeOptions {
  readonly vars?: Readonly<Record<string, string>>;
  readonly bindings?: Partial<Pick<Env, 'RELEASES' | 'MACHINES'>>;
  readonly platform?: Partial<Platform>;
  /** Stands for the entrypoint behind Cloudflare's cache; `inner` is what the entrypoint itself would answer. */
  readonly cache?: (request: Request, inner: (request: Request) => Promise<Response>) => Promise<Response>;
  /** How steps run; tried five times without delay unless told. */
  readonly doStep?: DoStep;
  readonly partBytes?: number;
  /** Puts something between the edge and the runtime that launches instances. */
  readonly throughWorkflow?: (workflow: PlayedWorkflow) => PlayedWorkflow;
}

/** As much of a Workflow binding as the edge uses. */
export interface PlayedWorkflow {
  create(options: { id: string; params: MirrorParameters }): Promise<unknown>;
  get(id: string): Promise<{ terminate(): Promise<void> }>;
}

export interface Edge {
  fetch(path: string, init?: RequestInit): Promise<Response>;
  fetchUrl(url: string, init?: RequestInit): Promise<Response>;
  /** A round of the cron. */
  poll(): Promise<void>;
  /** Everything that was to go on after the answers. */
  settle(): Promise<void>;
  /** The wide events written so far. */
  readonly events: Record<string, unknown>[];
  /** The Workflow instances created and not yet run. */
  readonly launched: MirrorParameters[];
  /** Every route, as it was registered; those of the API too. */
  routes(): Promise<readonly { readonly method: string; readonly path: string }[]>;
  /** Runs one of them, or all that were created, to their end. */
  run(parameters: MirrorParameters, doStep?: DoStep): Promise<string>;
  runAll(): Promise<string[]>;
  /** The runs of checks of profiles that were launched and have not run. */
  readonly checks: CheckParameters[];
  /** Runs them, and those that they launch, to their end; `most` stops after so many runs. */
  runChecks(most?: number): Promise<number>;
  /** The runs of looks of the gate that were launched and have not run. */
  readonly looks: LookParameters[];
  /** Runs them, and those that they launch, to their end; `most` stops after so many steps. */
  runLooks(most?: number): Promise<void>;
  /** A round of the cron of each minute. */
  errands(): Promise<void>;
  /** The runs of deliveries that were launched and have not run. */
  readonly deliveries: DeliveryParameters[];
  /** Runs them, and those that they launch, to their end; `sleep` stands for the waits between attempts. */
  deliver(sleep?: (milliseconds: number) => Promise<void>): Promise<void>;
}

export const OPERATOR_TOKEN = 'operator-token-of-at-least-32-bytes';
export const OPERATOR = { authorization: `Bearer ${OPERATOR_TOKEN}` };

/** The common throwaway key of the release server; made once a run. */
export async function openEdge(tenant: UpstreamTenant, options: EdgeOptions = {}): Promise<Edge> {
  // Only workerd has this module, and tests in Node need the rest of this one.
  const { env } = await import('cloudflare:workers');
  const key = await tenant.key({ key: 'common' });
  await tenant.put('key.asc', key.armored);
  const bindings = { RELEASES: env.RELEASES, MACHINES: env.MACHINES, ASSETS: env.ASSETS, ...options.bindings };
  const vars = {
    UPSTREAM_URL: tenant.template,
    SIGNING_KEY_URL: tenant.url('key.asc'),
    SIGNING_KEY_FINGERPRINTS: key.fingerprint,
    ...options.vars,
  };
  return edgeOver({ ...bindings, ...vars }, options);
}

const FIVE_TIMES = 5;

/** A step as a Workflow does it, without its delays. */
const stepWithRetries: DoStep = async (_name, work) => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (cause) {
      if (attempt >= FIVE_TIMES) throw cause;
    }
  }
};

export function edgeOver(environment: object, options: EdgeOptions = {}): Edge {
  const events: Record<string, unknown>[] = [];
  const pending: Promise<unknown>[] = [];
  const launched: MirrorParameters[] = [];
  const ids = new Set<string>();
  const { cache, partBytes, throughWorkflow = (workflow) => workflow } = options;
  const waitUntil = (work: Promise<unknown>) => {
    pending.push(work);
    inBackground(work);
  };
  const runtime: Runtime = {
    platform: { ...systemPlatform, waitUntil, ...options.platform },
    fixedLength: (length) => new FixedLengthStream(length),
    gatherCountsMs: 0,
    ...(partBytes === undefined ? {} : { partBytes }),
    ...(cache === undefined ? {} : { cachedEntrypoint: (request: Request) => cache(request, edge.answerCached) }),
    logSink: (line) => events.push(JSON.parse(line) as Record<string, unknown>),
  };
  const workflow: PlayedWorkflow = {
    create: async ({ id, params }) => {
      if (ids.has(id)) throw new Error(`instance ${id} exists`);
      ids.add(id);
      launched.push(params);
    },
    get: async () => ({ terminate: async () => undefined }),
  };
  const checks: CheckParameters[] = [];
  const checking = {
    create: async ({ id, params }: { id: string; params: CheckParameters }) => {
      if (ids.has(id)) throw new Error(`instance ${id} exists`);
      ids.add(id);
      checks.push(params);
    },
  };
  const deliveries: DeliveryParameters[] = [];
  const delivering = {
    create: async ({ id, params }: { id: string; params: DeliveryParameters }) => {
      if (ids.has(id)) throw new Error(`instance ${id} exists`);
      ids.add(id);
      deliveries.push(params);
    },
  };
  const looks: LookParameters[] = [];
  const looking = {
    create: async ({ id, params }: { id: string; params: LookParameters }) => {
      if (ids.has(id)) throw new Error(`instance ${id} exists`);
      ids.add(id);
      looks.push(params);
    },
  };
  const whole = {
    LOOK_AT_RELEASE: looking,
    ...{ MIRROR_RELEASE: throughWorkflow(workflow), CHANGE_PROFILE: checking, DELIVER_ANNOUNCEMENTS: delivering },
    ...environment,
  };
  const edge = createEdge(whole as unknown as Env, runtime);
  const context = {
    waitUntil,
    passThroughOnException: () => undefined,
    props: {},
  } as unknown as ExecutionContext;
  const fetchUrl = async (url: string, init?: RequestInit) =>
    await edge.app.fetch(new Request(url, init), whole, context);
  const run = async (
    parameters: MirrorParameters | SysextParameters | UnpackParameters,
    doStep: DoStep = options.doStep ?? stepWithRetries,
  ) => {
    if ('unpack' in parameters) {
      const mirror = edge.mirrorPorts;
      if (mirror === undefined) throw new Error('bad configuration');
      const { unpack, ...release } = parameters;
      const numbered = { ...release, version: release.version as Version };
      return await runUnpack(mirror.unpack, numbered, unpack, doStep);
    }
    if ('sysexts' in parameters) {
      const sysexts = edge.sysextPorts;
      if (sysexts === undefined) throw new Error('bad configuration');
      const { sysexts: name, run: number } = parameters;
      return await runSysexts(sysexts, { name, run: number }, doStep);
    }
    const { channel, board, version, attempt } = parameters;
    const ports = edge.mirrorPorts;
    if (ports === undefined) throw new Error('bad configuration');
    return await runJob(ports, { channel, board, version: version as Version }, attempt, doStep);
  };
  return {
    events,
    launched,
    routes: async () => [...edge.app.routes, ...((await edge.calls?.())?.routes ?? [])],
    fetchUrl,
    fetch: (path, init) => fetchUrl(`http://edge.test${path}`, init),
    poll: () => edge.poll(),
    run,
    runAll: async () => {
      const outcomes: string[] = [];
      for (let next = launched.shift(); next !== undefined; next = launched.shift()) outcomes.push(await run(next));
      return outcomes;
    },
    checks,
    runChecks: async (most = Number.POSITIVE_INFINITY) => {
      let runs = 0;
      for (let next = checks.shift(); next !== undefined; next = checks.shift()) {
        const ports = edge.checkPorts;
        if (ports === undefined) throw new Error('bad configuration');
        await runCheck(ports, next, async (_name, work) => await work());
        runs += 1;
        if (runs === most) break;
      }
      return runs;
    },
    errands: () => edge.errands(),
    looks,
    runLooks: async (most = Number.POSITIVE_INFINITY) => {
      let steps = 0;
      for (let next = looks.shift(); next !== undefined; next = looks.shift()) {
        const ports = edge.gatePorts;
        if (ports === undefined) throw new Error('bad configuration');
        const { run: number, ...release } = next;
        await runLook(ports, release, number, async (_name, work) => {
          steps += 1;
          return steps > most ? 'ended' : await work();
        });
      }
    },
    deliveries,
    deliver: async (sleep = async () => undefined) => {
      for (let next = deliveries.shift(); next !== undefined; next = deliveries.shift()) {
        const ports = edge.announcerPorts;
        if (ports === undefined) throw new Error('bad configuration');
        await runDeliveries(ports, next, {
          do: async (_name, work) => await work(),
          sleep: async (_name, milliseconds) => await sleep(milliseconds),
        });
      }
    },
    settle: async () => {
      while (pending.length > 0) await Promise.allSettled(pending.splice(0));
    },
  };
}
