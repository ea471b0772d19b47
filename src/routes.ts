/** Names every URL of the Worker in one file. */
import { Hono } from 'hono';
import type { AuditPorts } from './access/audit.ts';
import { identify } from './access/identity.ts';
import { type AccessRoom, auditRoutes, meRoutes, tokenRoutes } from './access/routes-access.ts';
import { mayCall } from './access/scopes.ts';
import { type AnnouncementRoom, announcementRoutes } from './announcements/routes-announcements.ts';
import { contract } from './api/contract/contract.ts';
import { gate, strictNames } from './api/gate.ts';
import { ignitionRoutes } from './configs/routes-ignition.ts';
import type { MachineRoom } from './machines/api/room.ts';
import { fleetRoutes } from './machines/api/routes-fleets.ts';
import { machineRoutes } from './machines/api/routes-machines.ts';
import { profileRoutes } from './machines/api/routes-profiles.ts';
import { storageRoutes } from './machines/api/routes-transfer.ts';
import { isForFleet } from './machines/boot/capability.ts';
import { asksUserData } from './machines/boot/metadata.ts';
import { answerBootRequest } from './machines/boot/routes-boot.ts';
import { UNREADABLE } from './machines/boot/routes-metadata.ts';
import { answerFleetRequest, type FleetBootRoom } from './machines/fleets/routes-fleet-boot.ts';
import { placeBehind } from './machines/fleets/update-place.ts';
import type { MirrorRoom } from './mirror/api/room.ts';
import { aliasRoutes } from './mirror/api/routes-aliases.ts';
import { keyringRoutes } from './mirror/api/routes-keyring.ts';
import { mirrorRoutes } from './mirror/api/routes-mirrors.ts';
import { publishedRoutes } from './mirror/api/routes-releases.ts';
import { webhookRoutes } from './mirror/api/routes-webhooks.ts';
import type { Health } from './observability/health-answer.ts';
import type { MetricsPorts } from './observability/metrics.ts';
import { healthRoutes, metricsRoutes, updateRoutes } from './observability/routes-observability.ts';
import { type PageRoom, pageRoutes } from './pages/routes-pages.ts';
import { otherNamesRoutes } from './releases/derived/routes-other-names.ts';
import { keyRoutes, publicRoutes } from './releases/derived/routes-public.ts';
import { streamRoutes } from './releases/derived/routes-streams.ts';
import { rawPath } from './releases/path.ts';
import { answerRelease, type ReleaseRoom } from './releases/serve/routes.ts';
import { type Call, type CallVariables, routedPath } from './shared/http/call.ts';
import { methodNotAllowed, problemLine } from './shared/problem.ts';
import type { ProvenanceSigner } from './signing/provenance.ts';
import type { TrustedKeys } from './signing/trusted-keys.ts';
import { type SysextRoom, sysextCalls, sysextRoutes } from './sysexts/routes-sysexts.ts';
import { answerUpdate, asksForUpdate, type UpdateRoom } from './updates/routes-updates.ts';
import { VERSION } from './version.ts';

export type Router = Hono<{ Bindings: Env; Variables: CallVariables }>;

/** The rooms that the calls of the API work on. */
interface ApiRooms {
  readonly mirror: MirrorRoom;
  readonly machines: MachineRoom & FleetBootRoom;
  readonly access: AccessRoom & AuditPorts;
  readonly metrics: MetricsPorts;
  readonly announcements: AnnouncementRoom;
  readonly sysexts: SysextRoom;
}

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
 * path of a release, or the answer is 404.
 */
export function addRoutes(app: Router, rooms: Rooms): void {
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

  const dryRun = async ({ req, var: variables }: Call): Promise<Response> => {
    const dry: Router = new Hono({ getPath: routedPath });
    dry.use(async (call, next) => {
      for (const name of ['log', 'caller', 'requestId'] as const) call.set(name, variables[name]);
      await next();
    });
    // A bug is answered where every other one is.
    dry.onError((cause) => {
      throw cause;
    });
    addCalls(dry, rooms.dry());
    return await dry.fetch(req.raw);
  };
  const guard = gate({ contract, access: rooms.access, dryRun });
  app.use('/webhooks/*', guard);
  app.use('/api/*', guard);
  addCalls(app, rooms);

  app.all('*', async ({ req }, next) => {
    if (!asksUserData(rawPath(req.url))) return await next();
    return problemLine(UNREADABLE, req.method);
  });
  app.all('*', ({ req, var: { log } }) => answerRelease(releases, { request: req.raw, log }));
}

/** Adds the calls of the contract. The gate has let them through. */
function addCalls(app: Router, { mirror, machines, access, metrics, announcements, sysexts }: ApiRooms): void {
  app.route('/webhooks', webhookRoutes(mirror));
  app.route('/api/metrics', metricsRoutes(metrics));
  app.route('/api/updates', updateRoutes(metrics));
  app.route('/api/mirrors', mirrorRoutes(mirror));
  app.route('/api/releases', publishedRoutes(mirror));
  app.route('/api/aliases', aliasRoutes(mirror));
  app.route('/api/keyring', keyringRoutes(mirror));
  app.route('/api/ignition', ignitionRoutes(machines.platform));
  app.route('/api/profiles', profileRoutes(machines));
  app.route('/api/machines', machineRoutes(machines));
  app.route('/api/fleets', fleetRoutes(machines));
  app.route('/api/storage', storageRoutes(machines));
  app.route('/api/tokens', tokenRoutes(access));
  app.route('/api/audit', auditRoutes(access));
  app.route('/api/me', meRoutes());
  app.route('/api/sysexts', sysextCalls(sysexts));
  app.route('/api/announcements', announcementRoutes(announcements));
}
