/** The entry: one edge an isolate, found by its environment; the cron; the Workflow class. */
import {
  exports as entrypoints,
  WorkerEntrypoint,
  WorkflowEntrypoint,
  type WorkflowEvent,
  type WorkflowStep,
  waitUntil,
} from 'cloudflare:workers';
import { createEdge, type Edge } from './app.ts';
import type { Runtime } from './app-rooms.ts';
import { type MirrorParameters, runAsWorkflow } from './mirror/workflow.ts';
import { systemPlatform } from './shared/platform.ts';

const runtime: Runtime = {
  platform: { ...systemPlatform, waitUntil },
  fixedLength: (length) => new FixedLengthStream(length),
  logSink: (line) => console.log(line),
  cachedEntrypoint: (request) => entrypoints.Downloads.fetch(request),
};

const edges = new WeakMap<Env, Edge>();

function edgeFor(env: Env): Edge {
  const known = edges.get(env);
  if (known !== undefined) return known;
  const edge = createEdge(env, runtime);
  edges.set(env, edge);
  return edge;
}

/** The one entrypoint that Cloudflare may cache (`[exports.Downloads]`); the default one calls it, nobody else can. */
export class Downloads extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    return await edgeFor(this.env).answerCached(request);
  }
}

export class MirrorRelease extends WorkflowEntrypoint<Env, MirrorParameters> {
  override async run(event: Readonly<WorkflowEvent<MirrorParameters>>, step: WorkflowStep): Promise<string> {
    const ports = edgeFor(this.env).mirrorPorts;
    if (ports === undefined) return 'bad configuration';
    return await runAsWorkflow(ports, event.payload, step);
  }
}

export default {
  fetch: (request, env, context) => edgeFor(env).app.fetch(request, env, context),
  scheduled: (_event, env) => edgeFor(env).poll(),
} satisfies ExportedHandler<Env>;
