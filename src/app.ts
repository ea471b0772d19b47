/** The composition root: Env -> Config -> ports -> rooms -> routes. One `Edge` an isolate. */
import { Hono } from 'hono';
import { routePath } from 'hono/route';
import { type Observer, observer } from './app-observe.ts';
import { pageParts } from './app-pages.ts';
import type { Runtime } from './app-parts.ts';
import { type MirrorParts, machineParts, mirrorParts, type ReleaseParts, releaseParts } from './app-parts.ts';
import { answerBootRequest, type BootRoom } from './machines/routes-boot.ts';
import { ignitionRoutes } from './machines/routes-ignition.ts';
import { type MachineRoom, machineRoutes, storageRoutes } from './machines/routes-machines.ts';
import { profileRoutes } from './machines/routes-profiles.ts';
import { storageHealth } from './machines/storage-health.ts';
import { poll } from './mirror/poll.ts';
import { aliasRoutes, mirrorRoutes, publishedRoutes, webhookRoutes } from './mirror/routes.ts';
import type { MirrorPorts } from './mirror/run-job.ts';
import { allowedMethods } from './operator/allowed-methods.ts';
import { isOperator } from './operator/auth.ts';
import { contract } from './operator/contract/contract.ts';
import { healthCheck } from './operator/health.ts';
import { metricsText } from './operator/metrics.ts';
import { pageRoutes } from './operator/routes-pages.ts';
import { answerCached } from './releases/cached-files.ts';
import { rawPath } from './releases/path.ts';
import { releaseProblem } from './releases/problems.ts';
import { answerRelease } from './releases/routes.ts';
import { publicRoutes } from './releases/routes-public.ts';
import { type Config, type ConfigFault, parseConfig } from './shared/config.ts';
import { CACHE } from './shared/http/cache.ts';
import { redactPath, WideEvent } from './shared/log.ts';
import type { Background } from './shared/platform.ts';
import { methodNotAllowed, type Problem, problemJson, problemLine } from './shared/problem.ts';
import { storeCaller } from './shared/store.ts';
import { armorKeyring } from './signing/keyring.ts';
import { VERSION } from './version.ts';

interface Variables {
  log: WideEvent;
  background: Background;
}

type App = Hono<{ Bindings: Env; Variables: Variables }>;

/** What the entry needs: requests, the cron's round, and the ports of a Workflow run. */
export interface Edge {
  readonly app: App;
  readonly poll: (background: Background) => Promise<void>;
  /** What the entrypoint behind Cloudflare's cache answers. */
  readonly answerCached: (request: Request) => Promise<Response>;
  /** `undefined` while the configuration is bad. */
  readonly mirrorPorts: (background: Background) => MirrorPorts | undefined;
}

/** Wires everything once. A bad configuration makes an edge that answers nothing but the names of the bad variables. */
export function createEdge(env: Env, runtime: Runtime): Edge {
  const watch = observer(env, runtime);
  const app = observedApp(runtime, watch);
  const config = parseConfig(env);
  if (!config.ok) {
    refuseAll(app, config.error, runtime);
    const answerNothing = async () => new Response(null, { status: 503, headers: { 'cache-control': CACHE.never } });
    return { app, poll: async () => undefined, answerCached: answerNothing, mirrorPorts: () => undefined };
  }
  const releases = releaseParts(env, config.value, runtime);
  const mirror = mirrorParts(env, config.value, runtime, releases, watch.run);
  const machines = machineParts(env, config.value, runtime);
  addRoutes(app, env, config.value, runtime, { releases, mirror, machines, watch });
  return {
    app,
    poll: async (background) => {
      const log = new WideEvent();
      const started = runtime.platform.now();
      await poll({ ...mirror.room, background, log });
      await watch.request(log, started, background);
    },
    answerCached: (request) => answerCached(releases.room.store, request),
    mirrorPorts: (background) => mirror.ports(background),
  };
}

/** One wide event a request; a throw is a bug and shows nothing but an id. */
function observedApp({ platform }: Runtime, watch: Observer): App {
  const app: App = new Hono();
  app.use(async (context, next) => {
    const started = platform.now();
    const log = new WideEvent();
    context.set('log', log);
    const background: Background = (work) => context.executionCtx.waitUntil(work);
    context.set('background', background);
    const id = context.req.header('cf-ray') ?? crypto.randomUUID();
    const { method, url } = context.req.raw;
    log.set({ event: 'request', requestId: id, method, path: redactPath(rawPath(url)) });
    await next();
    const length = context.res.headers.get('content-length');
    const bytes = length === null || method === 'HEAD' ? {} : { bytes: Number(length) };
    log.set({ status: context.res.status, route: routePath(context, -1), ...bytes });
    background(watch.request(log, started, background));
  });
  app.onError((cause, context) => {
    const id = crypto.randomUUID();
    context.var.log.set({ bug: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause), errorId: id });
    return problemLine({ code: 'internal', detail: `internal error ${id}` }, context.req.raw.method);
  });
  return app;
}

interface Rooms {
  readonly releases: ReleaseParts;
  readonly mirror: MirrorParts;
  readonly machines: MachineRoom & BootRoom;
  readonly watch: Observer;
}

function addRoutes(app: App, env: Env, config: Config, runtime: Runtime, rooms: Rooms): void {
  const { releases, mirror, machines, watch } = rooms;
  const { platform } = runtime;
  const { trustedKeys } = releases;
  const reach = storeCaller(platform);
  const health = healthCheck({
    platform,
    trustedKeys,
    versions: { 'flatcar-edge': VERSION },
    probes: {
      RELEASES: () => reach('probe', () => env.RELEASES.head('keyring.asc')),
      MACHINES: () => reach('probe', () => env.MACHINES.get('probe')),
    },
    storage: () => storageHealth(machines, config.STORAGE_KEY !== undefined),
  });

  app.on(['GET', 'HEAD'], '/healthz', async (context) => {
    const report = await health(context.var.background);
    if (report.signingKey.warning !== undefined) context.var.log.set({ warning: report.signingKey.warning });
    context.header('cache-control', CACHE.never);
    return context.json(report, report.status === 'ok' ? 200 : 503);
  });
  app.on(['GET', 'HEAD'], '/keys/signing-key.asc', async (context) => {
    const keyring = await trustedKeys.current(context.var.background);
    if (!keyring.ok) {
      context.var.log.set({ reason: keyring.error.reason });
      return problemLine(releaseProblem(keyring.error), context.req.raw.method);
    }
    const headers = { 'content-type': 'application/pgp-keys', 'cache-control': CACHE.keyring };
    return context.body(armorKeyring(keyring.value), 200, headers);
  });
  app.route('/', publicRoutes(releases.room));
  app.route('/', pageRoutes(pageParts(config, platform, releases, mirror)));
  for (const path of ['/healthz', '/keys/signing-key.asc', '/releases.json', '/feed.atom']) {
    app.all(path, (context) => problemLine(methodNotAllowed('GET, HEAD'), context.req.raw.method));
  }

  app.all('/boot/*', (context) =>
    answerBootRequest(machines, {
      request: context.req.raw,
      path: rawPath(context.req.url),
      log: context.var.log,
      background: context.var.background,
    }),
  );

  app.route('/webhooks', webhookRoutes(mirror.room));
  app.use('/api/*', async (context, next) => {
    const tokens = config.OPERATOR_TOKEN ?? [];
    if (await isOperator(context.req.header('authorization') ?? null, tokens)) return await next();
    const problem: Problem = {
      code: 'unauthorized',
      detail: 'an operator token is needed',
      headers: { 'www-authenticate': 'Bearer' },
    };
    return problemJson(problem, rawPath(context.req.url));
  });
  const metrics = { ...mirror.room, trustedKeys, counters: watch.counters, version: VERSION };
  app.get('/api/metrics', async (context) => {
    const text = await metricsText(metrics, context.var.background);
    if (!text.ok) return problemJson(releaseProblem(text.error), '/api/metrics');
    const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': CACHE.never };
    return context.body(text.value, 200, headers);
  });
  app.route('/api/mirrors', mirrorRoutes(mirror.room));
  app.route('/api/releases', publishedRoutes(mirror.room));
  app.route('/api/aliases', aliasRoutes(mirror.room));
  app.route('/api/ignition', ignitionRoutes(platform));
  app.route('/api/profiles', profileRoutes(machines));
  app.route('/api/machines', machineRoutes(machines));
  app.route('/api/storage', storageRoutes(machines));
  for (const [path, methods] of allowedMethods(contract)) {
    if (path.startsWith('/api/'))
      app.all(path, ({ req }) => problemJson(methodNotAllowed(methods.join(', ')), rawPath(req.url)));
  }
  app.all('/api/*', (context) => problemJson({ code: 'not-found', detail: 'no such call' }, rawPath(context.req.url)));

  app.all('*', (context) =>
    answerRelease(releases.room, {
      request: context.req.raw,
      log: context.var.log,
      background: context.var.background,
    }),
  );
}

/** The names of the bad variables are for the operator who deployed them; their values are not repeated. */
function refuseAll(app: App, faults: readonly ConfigFault[], { logSink }: Runtime): void {
  const detail = `configuration error: ${faults.map(({ variable, message }) => `${variable} ${message}`).join('; ')}`;
  logSink(JSON.stringify({ event: 'configuration-error', detail }));
  app.all('*', (context) => problemLine({ code: 'internal', detail }, context.req.raw.method));
}
