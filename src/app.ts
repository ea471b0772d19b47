/** The composition root: Env -> Config -> ports -> rooms -> routes. One `App` an isolate. */
import { Hono } from 'hono';
import { isOperator } from './operator/auth.ts';
import { healthCheck } from './operator/health.ts';
import { releaseBucket } from './releases/bucket.ts';
import { rememberFloor } from './releases/current.ts';
import { FileSignatures } from './releases/file-signatures.ts';
import { MirroredFiles } from './releases/mirrored.ts';
import { PassThrough } from './releases/pass-through.ts';
import { rawPath } from './releases/path.ts';
import { releaseProblem } from './releases/problems.ts';
import { answerRelease, type ReleaseRoom } from './releases/routes.ts';
import { type FixedLength, Sender } from './releases/sender.ts';
import { httpUpstream } from './releases/upstream.ts';
import { VerdictDesk } from './releases/verdict-desk.ts';
import { VersionFiles } from './releases/version-files.ts';
import { VersionSource } from './releases/version-source.ts';
import { type Config, type ConfigFault, parseConfig } from './shared/config.ts';
import { CACHE } from './shared/http/cache.ts';
import { templateHosts } from './shared/http/url-template.ts';
import { type LogSink, redactPath, WideEvent } from './shared/log.ts';
import type { Background, Platform } from './shared/platform.ts';
import { methodNotAllowed, type Problem, problemJson, problemLine } from './shared/problem.ts';
import { storeCaller } from './shared/store.ts';
import { keyringBucket } from './signing/bucket.ts';
import { keySource } from './signing/key-source.ts';
import { armorKeyring } from './signing/keyring.ts';
import { TrustedKeys } from './signing/trusted-keys.ts';
import { VERSION } from './version.ts';

interface Variables {
  log: WideEvent;
  background: Background;
}

export interface Runtime {
  readonly platform: Platform;
  readonly fixedLength: FixedLength;
  readonly logSink: LogSink;
}

export type App = Hono<{ Bindings: Env; Variables: Variables }>;

/** Wires everything once. A bad configuration makes an app that answers nothing but its name. */
export function createApp(env: Env, runtime: Runtime): App {
  const app: App = new Hono();
  const { platform, logSink } = runtime;
  app.use(async (context, next) => {
    const started = platform.now();
    const log = new WideEvent();
    context.set('log', log);
    context.set('background', (work) => context.executionCtx.waitUntil(work));
    const id = context.req.header('cf-ray') ?? crypto.randomUUID();
    const { method, url } = context.req.raw;
    log.set({ event: 'request', requestId: id, method, path: redactPath(rawPath(url)) });
    await next();
    log.set({ status: context.res.status });
    context.executionCtx.waitUntil(log.write(logSink, platform.now, started));
  });
  app.onError((cause, context) => {
    const id = crypto.randomUUID();
    context.var.log.set({ bug: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause), errorId: id });
    return problemLine({ code: 'internal', detail: `internal error ${id}` }, context.req.raw.method);
  });
  const config = parseConfig(env);
  if (config.ok) addRoutes(app, env, config.value, runtime);
  else refuseAll(app, config.error, logSink);
  return app;
}

function addRoutes(app: App, env: Env, config: Config, runtime: Runtime): void {
  const { platform } = runtime;
  const fetchKey = keySource(platform, config.SIGNING_KEY_URL, config.UPSTREAM_REDIRECT_HOSTS);
  const trustedKeys = new TrustedKeys(
    platform,
    keyringBucket(env.RELEASES, platform),
    fetchKey,
    config.SIGNING_KEY_FINGERPRINTS,
  );
  const room = releaseRoom(env, config, runtime, trustedKeys);
  const reach = storeCaller(platform);
  const health = healthCheck({
    platform,
    trustedKeys,
    versions: { 'flatcar-edge': VERSION },
    probes: {
      RELEASES: () => reach('probe', () => env.RELEASES.head('keyring.asc')),
      MACHINES: () => reach('probe', () => env.MACHINES.get('probe')),
    },
  });

  app.on(['GET', 'HEAD'], '/healthz', async (context) => {
    const report = await health(context.var.background);
    if (report.signingKey.warning !== undefined) context.var.log.set({ warning: report.signingKey.warning });
    context.header('cache-control', CACHE.never);
    return context.json(report, report.status === 'ok' ? 200 : 503);
  });
  app.all('/healthz', (context) => problemLine(methodNotAllowed('GET, HEAD'), context.req.raw.method));

  app.on(['GET', 'HEAD'], '/keys/signing-key.asc', async (context) => {
    const keyring = await trustedKeys.current(context.var.background);
    if (!keyring.ok) {
      context.var.log.set({ reason: keyring.error.reason });
      return problemLine(releaseProblem(keyring.error), context.req.raw.method);
    }
    return context.body(armorKeyring(keyring.value), 200, {
      'content-type': 'application/pgp-keys',
      'cache-control': CACHE.keyring,
    });
  });
  app.all('/keys/signing-key.asc', (context) => problemLine(methodNotAllowed('GET, HEAD'), context.req.raw.method));

  app.all('/api/*', async (context) => {
    const isAllowed = await isOperator(context.req.header('authorization') ?? null, config.OPERATOR_TOKEN ?? []);
    const problem: Problem = isAllowed
      ? { code: 'not-found', detail: 'no such call' }
      : { code: 'unauthorized', detail: 'an operator token is needed', headers: { 'www-authenticate': 'Bearer' } };
    return problemJson(problem, rawPath(context.req.url));
  });

  app.all('*', (context) =>
    answerRelease(room, { request: context.req.raw, log: context.var.log, background: context.var.background }),
  );
}

function releaseRoom(
  env: Env,
  config: Config,
  { platform, fixedLength }: Runtime,
  trustedKeys: TrustedKeys,
): ReleaseRoom {
  const store = releaseBucket(env.RELEASES, platform);
  const upstream = httpUpstream(platform, config.UPSTREAM_URL, {
    ownHosts: templateHosts(config.UPSTREAM_URL, config.CHANNELS, config.BOARDS),
    allowedHosts: config.UPSTREAM_REDIRECT_HOSTS,
  });
  const signatures = new FileSignatures(platform, upstream, trustedKeys);
  const source = new VersionSource(platform, upstream, signatures, (file, version) =>
    rememberFloor(store, file, file.version, version),
  );
  const versionFiles = new VersionFiles(platform, source, store);
  const desk = new VerdictDesk(platform, store);
  const sender = new Sender(platform, upstream, signatures, desk, fixedLength);
  const passThrough = new PassThrough(platform, upstream, signatures, desk, sender, config.ALLOW_UNSIGNED);
  const mirrored = new MirroredFiles(platform, store);
  return { platform, config, store, versionFiles, mirrored, passThrough };
}

/** The names of the bad variables are for the operator who deployed them; their values are not repeated. */
function refuseAll(app: App, faults: readonly ConfigFault[], logSink: LogSink): void {
  const detail = `configuration error: ${faults.map(({ variable, message }) => `${variable} ${message}`).join('; ')}`;
  logSink(JSON.stringify({ event: 'configuration-error', detail }));
  app.all('*', (context) => problemLine({ code: 'internal', detail }, context.req.raw.method));
}
