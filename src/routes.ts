/** Names every URL of the Worker in one file. */
import type { Hono } from 'hono';
import { allowedMethods } from './api/allowed-methods.ts';
import { isOperator } from './api/auth.ts';
import { contract } from './api/contract/contract.ts';
import { strictNames } from './api/strict-names.ts';
import { ignitionRoutes } from './configs/routes-ignition.ts';
import { type MachineRoom, machineRoutes, storageRoutes } from './machines/api/routes-machines.ts';
import { profileRoutes } from './machines/api/routes-profiles.ts';
import { answerBootRequest, type BootRoom } from './machines/boot/routes-boot.ts';
import type { MirrorRoom } from './mirror/api/room.ts';
import { aliasRoutes } from './mirror/api/routes-aliases.ts';
import { mirrorRoutes } from './mirror/api/routes-mirrors.ts';
import { publishedRoutes } from './mirror/api/routes-releases.ts';
import { webhookRoutes } from './mirror/api/routes-webhooks.ts';
import type { Health } from './observability/health-answer.ts';
import type { MetricsPorts } from './observability/metrics.ts';
import { healthRoutes, metricsRoutes } from './observability/routes-observability.ts';
import { type PageRoom, pageRoutes } from './pages/routes-pages.ts';
import { rawPath } from './releases/path.ts';
import { answerRelease, type ReleaseRoom } from './releases/serve/routes.ts';
import { keyRoutes, publicRoutes } from './releases/serve/routes-public.ts';
import type { CallVariables } from './shared/http/call.ts';
import { methodNotAllowed, type Problem, problemJson, problemLine } from './shared/problem.ts';
import type { TrustedKeys } from './signing/trusted-keys.ts';

export type Router = Hono<{ Bindings: Env; Variables: CallVariables }>;

/** The wired rooms that answer the routes. */
export interface Rooms {
  readonly releases: ReleaseRoom;
  readonly trustedKeys: TrustedKeys;
  readonly mirror: MirrorRoom;
  readonly machines: MachineRoom & BootRoom;
  readonly pages: PageRoom;
  readonly health: () => Promise<Health>;
  readonly metrics: MetricsPorts;
  readonly operatorTokens: readonly string[];
}

const PUBLIC_PATHS = ['/healthz', '/keys/signing-key.asc', '/releases.json', '/feed.atom'];

const NO_TOKEN: Problem = {
  code: 'unauthorized',
  detail: 'an operator token is needed',
  headers: { 'www-authenticate': 'Bearer' },
};

/**
 * Adds every URL. Hono tries them in this order. The last line takes every path that no other line names: it is the
 * path of a release, or the answer is 404.
 */
export function addRoutes(app: Router, rooms: Rooms): void {
  const { releases, mirror, machines } = rooms;
  const isOperatorCall = async (header: string | null) => await isOperator(header, rooms.operatorTokens);
  app.route('/', healthRoutes(rooms.health, isOperatorCall));
  app.route('/', keyRoutes(rooms.trustedKeys));
  app.route('/', publicRoutes(releases));
  app.route('/', pageRoutes(rooms.pages));
  for (const path of PUBLIC_PATHS)
    app.all(path, ({ req }) => problemLine(methodNotAllowed('GET, HEAD'), req.raw.method));

  app.all('/boot/*', async ({ req, var: { log } }, next) => {
    // The router decodes a path first. A boot URL that is spelt in another way is none of ours.
    if (!rawPath(req.url).startsWith('/boot/')) return await next();
    return await answerBootRequest(machines, { request: req.raw, path: rawPath(req.url), log });
  });

  app.route('/webhooks', webhookRoutes(mirror));
  app.use('/api/*', async ({ req }, next) => {
    if (await isOperatorCall(req.header('authorization') ?? null)) return await next();
    return problemJson(NO_TOKEN, rawPath(req.url));
  });
  const unknownName = strictNames(contract);
  app.use('/api/*', async ({ req }, next) => {
    const { pathname, searchParams } = new URL(req.url);
    const refused = unknownName(req.method, pathname, searchParams.keys());
    return refused === undefined ? await next() : problemJson(refused, rawPath(req.url));
  });
  app.route('/api/metrics', metricsRoutes(rooms.metrics));
  app.route('/api/mirrors', mirrorRoutes(mirror));
  app.route('/api/releases', publishedRoutes(mirror));
  app.route('/api/aliases', aliasRoutes(mirror));
  app.route('/api/ignition', ignitionRoutes(machines.platform));
  app.route('/api/profiles', profileRoutes(machines));
  app.route('/api/machines', machineRoutes(machines));
  app.route('/api/storage', storageRoutes(machines));
  // A method that the contract does not list for a path gets 405 (RFC 9110 section 15.5.6).
  for (const [path, methods] of allowedMethods(contract))
    app.all(path, ({ req }) => problemJson(methodNotAllowed(methods.join(', ')), rawPath(req.url)));
  app.all('/api/*', ({ req }) => problemJson({ code: 'not-found', detail: 'no such call' }, rawPath(req.url)));

  app.all('*', ({ req, var: { log } }) => answerRelease(releases, { request: req.raw, log }));
}
