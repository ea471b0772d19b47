/** The entry of the Worker: its handlers, the cached entrypoint and the Workflow classes. */
import {
  exports as entrypoints,
  WorkerEntrypoint,
  WorkflowEntrypoint,
  type WorkflowEvent,
  type WorkflowStep,
  waitUntil,
} from 'cloudflare:workers';
import { type DeliveryParameters, runDeliveriesAsWorkflow } from './announcements/workflow.ts';
import { createEdge, type Edge } from './app.ts';
import type { Runtime } from './app-rooms.ts';
import { type CheckParameters, runCheckAsWorkflow } from './machines/checks/workflow.ts';
import { type LookParameters, runLookAsWorkflow } from './machines/gate/workflow.ts';
import {
  copyingSteps,
  type MirrorParameters,
  runAsWorkflow,
  runUnpackAsWorkflow,
  type UnpackParameters,
} from './mirror/workflow.ts';
import { systemPlatform } from './shared/platform.ts';
import type { SysextParameters } from './sysexts/launcher.ts';
import { runSysexts } from './sysexts/run-sysexts.ts';

const runtime: Runtime = {
  platform: { ...systemPlatform, waitUntil },
  fixedLength: (length) => new FixedLengthStream(length),
  logSink: (line) => console.log(line),
  cachedEntrypoint: (request) => entrypoints.Downloads.fetch(request),
};

/** An isolate keeps its edge from one request to the next. */
const edges = new WeakMap<Env, Edge>();

function edgeFor(env: Env): Edge {
  const existing = edges.get(env);
  if (existing !== undefined) return existing;
  const edge = createEdge(env, runtime);
  edges.set(env, edge);
  return edge;
}

/** The only entrypoint that Cloudflare caches (`[exports.Downloads]` in wrangler.toml). Only this Worker calls it. */
export class Downloads extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    return await edgeFor(this.env).answerCached(request);
  }
}

type Parameters = MirrorParameters | SysextParameters | UnpackParameters;

/** Mirrors a release or a catalogue of system extensions, or makes files of a release for import tools. */
export class MirrorRelease extends WorkflowEntrypoint<Env, Parameters> {
  override async run({ payload }: Readonly<WorkflowEvent<Parameters>>, step: WorkflowStep): Promise<string> {
    const { mirrorPorts, sysextPorts } = edgeFor(this.env);
    if (mirrorPorts === undefined || sysextPorts === undefined) return 'bad configuration';
    if ('unpack' in payload) return await runUnpackAsWorkflow(mirrorPorts, payload, step);
    if (!('sysexts' in payload)) return await runAsWorkflow(mirrorPorts, payload, step);
    return await runSysexts(sysextPorts, { name: payload.sysexts, run: payload.run }, copyingSteps(step));
  }
}

export class ChangeProfile extends WorkflowEntrypoint<Env, CheckParameters> {
  override async run(event: Readonly<WorkflowEvent<CheckParameters>>, step: WorkflowStep): Promise<string> {
    const ports = edgeFor(this.env).checkPorts;
    if (ports === undefined) return 'bad configuration';
    return await runCheckAsWorkflow(ports, event.payload, step);
  }
}

export class DeliverAnnouncements extends WorkflowEntrypoint<Env, DeliveryParameters> {
  override async run(event: Readonly<WorkflowEvent<DeliveryParameters>>, step: WorkflowStep): Promise<string> {
    const ports = edgeFor(this.env).announcerPorts;
    if (ports === undefined) return 'bad configuration';
    return await runDeliveriesAsWorkflow(ports, event.payload, step);
  }
}

export class LookAtRelease extends WorkflowEntrypoint<Env, LookParameters> {
  override async run(event: Readonly<WorkflowEvent<LookParameters>>, step: WorkflowStep): Promise<string> {
    const ports = edgeFor(this.env).gatePorts;
    if (ports === undefined) return 'bad configuration';
    return await runLookAsWorkflow(ports, event.payload, step);
  }
}

/** The cron that looks for what was left to do, of the two in wrangler.toml. Every other one is the poll. */
const EACH_MINUTE = '* * * * *';

export default {
  fetch: (request, env, context) => edgeFor(env).app.fetch(request, env, context),
  scheduled: ({ cron }, env) => (cron === EACH_MINUTE ? edgeFor(env).errands() : edgeFor(env).poll()),
} satisfies ExportedHandler<Env>;
