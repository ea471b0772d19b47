/**
 * The calls of the API. This file is loaded at the first call: most isolates boot machines or hand out files, and the shapes of
 * all calls are a fifth of what an isolate does before its first answer.
 */
import { Hono } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { AuditPorts } from './access/audit.ts';
import { type AccessRoom, auditRoutes, meRoutes, tokenRoutes } from './access/routes-access.ts';
import { type AnnouncementRoom, announcementRoutes } from './announcements/routes-announcements.ts';
import { ignitionRoutes } from './configs/routes-ignition.ts';
import type { MachineRoom } from './machines/api/room.ts';
import { fleetRoutes } from './machines/api/routes-fleets.ts';
import { machineCountRoutes, machineRoutes } from './machines/api/routes-machines.ts';
import { profileRoutes } from './machines/api/routes-profiles.ts';
import { storageRoutes } from './machines/api/routes-transfer.ts';
import type { FleetBootRoom } from './machines/fleets/routes-fleet-boot.ts';
import type { MirrorRoom } from './mirror/api/room.ts';
import { aliasRoutes } from './mirror/api/routes-aliases.ts';
import { keyringRoutes } from './mirror/api/routes-keyring.ts';
import { mirrorRoutes } from './mirror/api/routes-mirrors.ts';
import { publishedRoutes } from './mirror/api/routes-releases.ts';
import { webhookRoutes } from './mirror/api/routes-webhooks.ts';
import type { MetricsPorts } from './observability/metrics.ts';
import { activityRoutes, metricsRoutes, updateRoutes } from './observability/routes-observability.ts';
import { type Call, type CallVariables, routedPath } from './shared/http/call.ts';
import { type SysextRoom, sysextCalls } from './sysexts/routes-sysexts.ts';

/** The rooms that the calls of the API work on. */
export interface ApiRooms {
  readonly mirror: MirrorRoom;
  readonly machines: MachineRoom & FleetBootRoom;
  readonly access: AccessRoom & AuditPorts;
  readonly metrics: MetricsPorts;
  readonly announcements: AnnouncementRoom;
  readonly sysexts: SysextRoom;
}

/** Answers a call that the gate has let through, and knows every route by which it could be answered. */
export interface CallRouter {
  readonly answer: (call: Call) => Promise<Response>;
  readonly routes: readonly { readonly method: string; readonly path: string }[];
}

type Inner = Hono<{ Bindings: { outer: Call }; Variables: CallVariables }>;

/** Returns the router of the calls on these rooms. */
export function callRouter({ mirror, machines, access, metrics, announcements, sysexts }: ApiRooms): CallRouter {
  const inner: Inner = new Hono({ getPath: routedPath });
  inner.use(async (call, next) => {
    const { outer } = call.env;
    for (const name of ['log', 'caller', 'requestId'] as const) call.set(name, outer.var[name]);
    try {
      await next();
    } finally {
      // A bug is logged under the route in which it is.
      outer.set('change', call.var.change);
      outer.set('route', matchedRoutes(call)[call.req.routeIndex]?.path);
    }
  });
  // A bug is answered where every other one is.
  inner.onError((cause) => {
    throw cause;
  });
  inner.route('/webhooks', webhookRoutes(mirror));
  inner.route('/api/metrics', metricsRoutes(metrics));
  inner.route('/api/updates', updateRoutes(metrics));
  inner.route('/api/activity', activityRoutes(metrics));
  inner.route('/api/mirrors', mirrorRoutes(mirror));
  inner.route('/api/releases', publishedRoutes(mirror));
  inner.route('/api/aliases', aliasRoutes(mirror));
  inner.route('/api/keyring', keyringRoutes(mirror));
  inner.route('/api/ignition', ignitionRoutes(machines.platform));
  inner.route('/api/profiles', profileRoutes(machines));
  inner.route('/api/machines', machineRoutes(machines));
  inner.route('/api/machine-counts', machineCountRoutes(machines));
  inner.route('/api/fleets', fleetRoutes(machines));
  inner.route('/api/storage', storageRoutes(machines));
  inner.route('/api/tokens', tokenRoutes(access));
  inner.route('/api/audit', auditRoutes(access));
  inner.route('/api/me', meRoutes());
  inner.route('/api/sysexts', sysextCalls(sysexts));
  inner.route('/api/announcements', announcementRoutes(announcements));
  return { answer: async (outer) => await inner.fetch(outer.req.raw, { outer }), routes: inner.routes };
}
