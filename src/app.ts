/** The composition root: Env -> Config -> ports -> rooms -> routes. Each isolate has one `Edge`. */
import { Hono } from 'hono';
import { matchedRoutes } from 'hono/route';
import { forgetEntries } from './access/audit.ts';
import { type AnnouncerPorts, forgetAnnouncements, startWaiting } from './announcements/announcer.ts';
import { pageRoom } from './app-pages.ts';
import { accessParts, announcementParts, lookParts, storeProbes, sysextParts } from './app-parts.ts';
import { bootedNote, isNamed, namedRelease } from './app-release.ts';
import { machineParts, mirrorParts, type Runtime, releaseParts, releaseRoom, signerOf } from './app-rooms.ts';
import { type Config, type ConfigFault, parseConfig } from './config.ts';
import { checkPorts } from './machines/api/room.ts';
import type { CheckPorts } from './machines/checks/run-check.ts';
import { type GatePorts, lookFor, oemsOf, takeUpLooks } from './machines/gate/gate.ts';
import { storageHealth } from './machines/storage-health.ts';
import { poll } from './mirror/poll.ts';
import type { MirrorPorts } from './mirror/run-job.ts';
import { activityDocument } from './observability/bucket.ts';
import { healthCheck } from './observability/health.ts';
import { bootsOf } from './observability/metrics.ts';
import { noteHour } from './observability/note-hour.ts';
import { type Observer, observer } from './observability/observer.ts';
import { updateCounter } from './observability/updates.ts';
import type { Version } from './releases/model.ts';
import { rawPath } from './releases/path.ts';
import { answerCached } from './releases/serve/cached-files.ts';
import { addRoutes } from './routes.ts';
import type { CallRouter } from './routes-calls.ts';
import { causeFields, stackOf } from './shared/cause.ts';
import { dryBucket } from './shared/dry-run/bucket.ts';
import { dryNamespace } from './shared/dry-run/kv.ts';
import { dryWorkflow } from './shared/dry-run/workflow.ts';
import { CACHE } from './shared/http/cache.ts';
import { type App, type Call, routedPath } from './shared/http/call.ts';
import { Cursors } from './shared/http/cursor.ts';
import { WideEvent } from './shared/log.ts';
import type { Platform } from './shared/platform.ts';
import { problemLine } from './shared/problem.ts';
import { redactPath } from './shared/redact-path.ts';
import { type SysextPorts, startSysexts } from './sysexts/run-sysexts.ts';
import { VERSION } from './version.ts';

/** What `index.ts` needs: the router for requests, the poll for the cron, and the ports for a Workflow run. */
export interface Edge {
  readonly app: App;
  /** The router of the calls of the API; `undefined` while the configuration is invalid. */
  readonly calls: (() => Promise<CallRouter>) | undefined;
  readonly poll: () => Promise<void>;
  /** Begins what another Worker or a run that died has left to do. */
  readonly errands: () => Promise<void>;
  /** Answers a request that comes from Cloudflare's cache. */
  readonly answerCached: (request: Request) => Promise<Response>;
  /** `undefined` while the configuration is invalid. */
  readonly mirrorPorts: MirrorPorts | undefined;
  readonly checkPorts: CheckPorts | undefined;
  readonly announcerPorts: AnnouncerPorts | undefined;
  readonly gatePorts: GatePorts | undefined;
  readonly sysextPorts: SysextPorts | undefined;
}

/** Wires everything once. While the configuration is invalid, every answer is a list of the bad variables. */
export function createEdge(env: Env, given: Runtime): Edge {
  const runtime = { ...given, platform: watched(given) };
  const watch = observer(env, runtime);
  const app = observedApp(runtime, watch);
  const parsed = parseConfig(env);
  if (!parsed.ok) {
    refuseAll(app, parsed.error, runtime);
    const answerNothing = async () => new Response(null, { status: 503, headers: { 'cache-control': CACHE.never } });
    const nothing = {
      calls: undefined,
      mirrorPorts: undefined,
      checkPorts: undefined,
      announcerPorts: undefined,
      gatePorts: undefined,
      sysextPorts: undefined,
    };
    return {
      app,
      poll: async () => undefined,
      errands: async () => undefined,
      answerCached: answerNothing,
      ...nothing,
    };
  }
  const config = parsed.value;
  const { platform } = runtime;
  const cursors = new Cursors(cursorSecret(config));
  const wired = (bindings: Env, isDry: boolean) => {
    const shared = { cursors, isDry };
    const parts = releaseParts(bindings, config, runtime);
    const announcements = announcementParts(bindings, config, runtime, shared);
    const { announce } = announcements;
    const machines = machineParts(bindings, config, runtime, parts, {
      ...shared,
      bootsOf: (profile) => bootsOf(watch.counters, profile),
      announce,
      noteBooted: config.PROMOTE_AFTER_BOOTS === 0 ? undefined : (machine) => noteBooted(machine),
    });
    const noteBooted = bootedNote(machines.releaseOf, (release, name, id) =>
      mirror.room.store.noteBooted(numbered(release), name, id),
    );
    const gate = lookParts(bindings, machines, runtime, (release) => mirror.room.publisher.settle(numbered(release)));
    const forMirror = { ...shared, announce, ...lookingWith(gate) };
    const mirror = mirrorParts(bindings, config, runtime, parts, watch.run, forMirror);
    const access = accessParts(bindings, config, runtime, shared);
    const activity = activityDocument(bindings.RELEASES, runtime.platform);
    const metrics = { ...mirror.room, counters: watch.counters, activity, version: VERSION };
    const sysexts = sysextParts(bindings, config, runtime, parts.store, isDry);
    return { parts, mirror, gate, api: { sysexts, mirror: mirror.room, machines, access, metrics, announcements } };
  };
  const { parts, mirror, gate, api } = wired(env, false);
  const { trustedKeys } = parts;
  const health = healthCheck({
    platform,
    trustedKeys,
    versions: { 'flatcar-edge': VERSION },
    probes: storeProbes(env, platform),
    refused: () => parts.store.refused.list(),
    lacking: lackingSecrets(config),
    storage: () => storageHealth(api.machines, config.STORAGE_KEY !== undefined),
  });
  const releases = releaseRoom(config, runtime, parts, mirror.demand);
  const calls = addRoutes(app, {
    ...api,
    updates: {
      ...{ platform, catalogue: config.catalogue, publicUrl: config.PUBLIC_URL, store: parts.store },
      releaseOf: namedRelease(parts.store, parts.versionFiles, config.catalogue),
      isThere: isNamed(parts.store),
      count: updateCounter(watch.counters, parts.store, platform),
    },
    releases,
    trustedKeys,
    provenanceSigner: signerOf(config),
    pages: pageRoom(env, config, platform, parts, mirror),
    health,
    dry: () => wired(dryEnv(env, platform.now), true).api,
  });
  const errands = async () => {
    const sent = await startWaiting(api.announcements);
    const looked = await takeUpLooks(gate);
    return sent.ok ? looked : sent;
  };
  return {
    ...{ app, calls },
    errands: async () => {
      const log = new WideEvent();
      const started = platform.now();
      const done = await errands();
      // A minute in which nothing went wrong is not worth a line.
      if (done.ok) return;
      log.set({ event: 'errands', reason: done.error.reason, ...causeFields(done.error) });
      await watch.request(log, started);
    },
    poll: async () => {
      const log = new WideEvent();
      const started = platform.now();
      try {
        await poll({
          ...mirror.room,
          retryRefused: (file) => releases.passThrough.retryRefused(file),
          proveMirrored: (file) => releases.proofs.prove(file),
          forgetOld: async () => {
            const trail = await forgetEntries(api.access, config.AUDIT_DAYS);
            const told = await forgetAnnouncements(api.announcements);
            return trail.ok ? told : trail;
          },
          errands: async () => {
            const done = await errands();
            const looked = await startSysexts(api.sysexts);
            const noted = await noteHour(api.metrics);
            return [done, looked].find(({ ok }) => !ok) ?? noted;
          },
          log,
        });
      } catch (cause) {
        log.set({ event: 'poll', bug: stackOf(cause) });
      }
      await watch.request(log, started);
    },
    answerCached: (request) => answerCached(parts.store, request),
    mirrorPorts: mirror.ports,
    checkPorts: checkPorts(api.machines),
    announcerPorts: api.announcements,
    gatePorts: gate,
    sysextPorts: api.sysexts,
  };
}

type Place = Parameters<typeof lookFor>[1];

/** What the mirror asks the machine room. */
const lookingWith = (gate: GatePorts) => ({
  lookFor: (release: Place) => lookFor(gate, release),
  oemsOf: (release: Place) => oemsOf(gate, release),
});

/** The machine room knows numbers as texts. */
const numbered = (release: Place) => ({ ...release, version: release.version as Version });

/** Bindings that read the real stores and write to none of them. No Workflow starts. */
const dryEnv = (env: Env, now: () => number): Env => ({
  ...env,
  RELEASES: dryBucket(env.RELEASES, now),
  MACHINES: dryNamespace(env.MACHINES),
  MIRROR_RELEASE: dryWorkflow(),
  CHANGE_PROFILE: dryWorkflow(),
  DELIVER_ANNOUNCEMENTS: dryWorkflow(),
  LOOK_AT_RELEASE: dryWorkflow(),
});

/** Any secret will do: it proves that a cursor was given out here. */
const cursorSecret = ({ STORAGE_KEY, CAPABILITY_SECRET, OPERATOR_TOKEN }: Config): string =>
  [STORAGE_KEY, CAPABILITY_SECRET, OPERATOR_TOKEN].find((values) => values !== undefined)?.[0] ?? '';

/** Returns what is missing for the three jobs of the service, and what to do about it. */
function lackingSecrets(config: Config): string[] {
  const lacking: string[] = [];
  if (config.OPERATOR_TOKEN === undefined && config.ACCESS_TEAM === '')
    lacking.push('nobody can call the API: set OPERATOR_TOKEN (npx wrangler secret put OPERATOR_TOKEN)');
  if (config.CAPABILITY_SECRET === undefined)
    lacking.push('no machine can boot: set CAPABILITY_SECRET (npx wrangler secret put CAPABILITY_SECRET)');
  if (config.ANNOUNCE_URLS.length > 0 && config.WEBHOOK_SECRET === undefined)
    lacking.push('announcements wait: set WEBHOOK_SECRET (npx wrangler secret put WEBHOOK_SECRET)');
  return lacking;
}

/** Work that continues after the answer has no client to report a bug to. The bug goes into the log. */
function watched({ platform, logSink }: Runtime): Platform {
  const tell = (cause: unknown) => logSink(JSON.stringify({ event: 'bug', bug: stackOf(cause) }));
  return { ...platform, waitUntil: (work) => platform.waitUntil(work.catch(tell)) };
}

/** Adds the header that keeps a browser from guessing another type than the one that the response names. */
function refuseGuessing(context: Pick<Call, 'res' | 'header'>): void {
  const [name, value] = ['x-content-type-options', 'nosniff'];
  try {
    context.res.headers.set(name, value);
  } catch {
    // The headers of a response that came from another entrypoint cannot be changed; Hono copies it.
    context.header(name, value);
  }
}

/** Writes one event for each request. A throw is a bug: the log gets its stack, and the client gets only an id. */
function observedApp({ platform }: Runtime, watch: Observer): App {
  const app: App = new Hono({ getPath: routedPath });
  app.use(async (context, next) => {
    const started = platform.now();
    const log = new WideEvent();
    context.set('log', log);
    const id = context.req.header('cf-ray') ?? crypto.randomUUID();
    const { method, url } = context.req.raw;
    context.set('requestId', id);
    log.set({ event: 'request', requestId: id, method, path: redactPath(rawPath(url)) });
    await next();
    // A browser must not take a file of a release, or what a customer wrote, for a page or a script.
    refuseGuessing(context);
    const length = context.res.headers.get('content-length');
    const bytes = length === null || method === 'HEAD' ? {} : { bytes: Number(length) };
    log.set({
      status: context.res.status,
      route: context.var.route ?? matchedRoutes(context)[context.req.routeIndex]?.path,
      ...bytes,
    });
    platform.waitUntil(watch.request(log, started));
  });
  app.onError((cause, context) => {
    const id = crypto.randomUUID();
    context.var.log.set({ bug: stackOf(cause), errorId: id });
    return problemLine({ code: 'internal', detail: `internal error ${id}` }, context.req.raw.method);
  });
  return app;
}

/** The operator who deployed the Worker needs the names of the bad variables. Their values may be secrets. */
function refuseAll(app: App, faults: readonly ConfigFault[], { logSink }: Runtime): void {
  const detail = `configuration error: ${faults.map(({ variable, message }) => `${variable} ${message}`).join('; ')}`;
  logSink(JSON.stringify({ event: 'configuration-error', detail }));
  app.all('*', (context) => problemLine({ code: 'internal', detail }, context.req.raw.method));
}
