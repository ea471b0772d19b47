/** Names every URL of the Worker in one file. */
import { identify } from './access/identity.ts';
import { mayCall } from './access/scopes.ts';
import { gate, strictNames } from './api/gate.ts';
import { isForFleet } from './machines/boot/capability.ts';
import { asksUserData } from './machines/boot/metadata.ts';
import { answerBootRequest } from './machines/boot/routes-boot.ts';
import { UNREADABLE } from './machines/boot/routes-metadata.ts';
import { answerFleetRequest } from './machines/fleets/routes-fleet-boot.ts';
import { placeBehind } from './machines/fleets/update-place.ts';
import type { Health } from './observability/health-answer.ts';
import { healthRoutes } from './observability/routes-observability.ts';
import { type PageRoom, pageRoutes } from './pages/routes-pages.ts';
import { otherNamesRoutes } from './releases/derived/routes-other-names.ts';
import { keyRoutes, publicRoutes } from './releases/derived/routes-public.ts';
import { streamRoutes } from './releases/derived/routes-streams.ts';
import { rawPath } from './releases/path.ts';
import { answerRelease, type ReleaseRoom } from './releases/serve/routes.ts';
import type { ApiRooms, CallRouter } from './routes-calls.ts';
import type { App } from './shared/http/call.ts';
import { lazily } from './shared/lazily.ts';
import { methodNotAllowed, problemLine } from './shared/problem.ts';
import type { ProvenanceSigner } from './signing/provenance.ts';
import type { TrustedKeys } from './signing/trusted-keys.ts';
import { sysextRoutes } from './sysexts/routes-sysexts.ts';
import { answerUpdate, asksForUpdate, type UpdateRoom } from './updates/routes-updates.ts';
import { VERSION } from './version.ts';

/** Both are loaded at the first call (routes-calls.ts says why). */
const contract = lazily(async () => (await import('./api/contract/contract.ts')).contract);
const routerOf = async (rooms: ApiRooms): Promise<CallRouter> => (await import('./routes-calls.ts')).callRouter(rooms);

/** The wired rooms that answer the routes. */
export interface Rooms extends ApiRooms {
  readonly releases: ReleaseRoom;
  readonly trustedKeys: TrustedKeys;
  readonly provenanceSigner: ProvenanceSigner | undefined;
  readonly pages: PageRoom;
  readonly health: () => Promise<Health>;
  readonly updates: UpdateRoom;
  /** Returns rooms like these on which whatever is written is gone after the call. */
  readonly dry: () => ApiRooms;
}

const PUBLIC_PATHS = [
  '/healthz',
  '/keys/signing-key.asc',
  '/keys/provenance.pem',
  '/releases.json',
  '/feed.atom',
  '/streams/:name',
  '/streams/v1/:name',
];

/**
 * Adds every URL. Hono tries them in this order. The last line takes every path that no other line names: it is the
 * path of a release, or the answer is 404. Returns the router of the calls of the API.
 */
export function addRoutes(app: App, rooms: Rooms): () => Promise<CallRouter> {
  const { releases, machines } = rooms;
  const mayRead = async (request: Request) => {
    if (request.headers.get('authorization') === null) return false;
    const caller = await identify(rooms.access, request);
    return caller.ok && mayCall(caller.value, ['read']);
  };
  for (const path of PUBLIC_PATHS)
    app.use(
      path,
      strictNames(contract, ({ req }, problem) => problemLine(problem, req.method)),
    );
  app.route('/', healthRoutes(rooms.health, mayRead));
  app.route('/', keyRoutes(rooms.trustedKeys, rooms.provenanceSigner));
  app.route('/', publicRoutes(releases));
  app.route('/', otherNamesRoutes(releases));
  app.route('/', streamRoutes(releases, VERSION));
  app.route('/', sysextRoutes(rooms.sysexts));
  app.use(
    '/api/openapi.json',
    strictNames(contract, ({ req }, problem) => problemLine(problem, req.method)),
  );
  app.route('/', pageRoutes(rooms.pages));
  for (const path of PUBLIC_PATHS)
    app.all(path, ({ req }) => problemLine(methodNotAllowed('GET, HEAD'), req.raw.method));

  for (const path of ['/v1/update', '/v1/update/'])
    app.all(path, ({ req, var: { log } }) => answerUpdate(rooms.updates, { request: req.raw, log }));

  app.all('/boot/*', async ({ req, var: { log } }, next) => {
    // The router decodes a path first. A boot URL that is spelt in another way is none of ours.
    if (!rawPath(req.url).startsWith('/boot/')) return await next();
    const context = { request: req.raw, path: rawPath(req.url), log };
    if (asksForUpdate(context.path) && req.method === 'POST') {
      const place = await placeBehind(machines, context.path.split('/')[2] ?? '');
      if (!place.ok) return problemLine(place.error);
      return await answerUpdate(rooms.updates, context, place.value);
    }
    if (isForFleet(context.path.slice('/boot/'.length))) return await answerFleetRequest(machines, context);
    return await answerBootRequest(machines, context);
  });

  const calls = lazily(() => routerOf(rooms));
  const guard = gate({
    ...{ contract, access: rooms.access },
    dryRun: async (call) => (await routerOf(rooms.dry())).answer(call),
  });
  app.use('/webhooks/*', guard);
  app.use('/api/*', guard);
  for (const path of ['/webhooks/*', '/api/*']) app.all(path, async (call) => (await calls()).answer(call));

  app.all('*', async ({ req }, next) => {
    if (!asksUserData(rawPath(req.url))) return await next();
    return problemLine(UNREADABLE, req.method);
  });
  app.all('*', ({ req, var: { log } }) => answerRelease(releases, { request: req.raw, log }));
  return calls;
}
