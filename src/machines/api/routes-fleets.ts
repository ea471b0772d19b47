/** The routes of the operator's calls about fleets. */
import { Hono } from 'hono';
import type * as z from 'zod';
import { answerJson, apiBody, apiObject } from '../../shared/http/api.ts';
import { type App, refuse as answerProblem, type Call } from '../../shared/http/call.ts';
import { entityTag, isNotModified, preconditionOf } from '../../shared/http/precondition.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { idOf, machineOf } from '../fleets/enrol.ts';
import {
  deleteFleet,
  type FleetDemand,
  openFleet,
  putFleet,
  readFleet,
  renewFleet,
  type WrittenFleet,
} from '../fleets/fleets.ts';
import { waitingIn, waitingOne } from '../fleets/waiting.ts';
import { onRecord, writeMachine } from '../machines.ts';
import type { OperatorFault } from '../problems.ts';
import { isUnreadable } from '../records/documents.ts';
import type { Fleet, FleetDefinition } from '../records/fleet-model.ts';
import { answerWritten, foreignProfile } from './answer-written.ts';
import type { fleetDeletion, fleetPage, fleetView, issuedFleet, waitingPage, waitingRemoval } from './fleet-answers.ts';
import { definitionOf } from './fleet-definition.ts';
import { assignBody, fleetBody, fleetParams, fleetsQuery, fleetTokenBody, waitingParams } from './fleet-requests.ts';
import { checkPlace, readShape } from './machine-request.ts';
import { named, provenItems } from './page-items.ts';
import { type MachineRoom, originOf, placeIn, refuse } from './room.ts';

const BODY_LIMIT = 256 * 1024;
const PAGE = 100;
const EXISTS = 'it exists';

/** Returns the router of `/api/fleets`. */
export function fleetRoutes(room: MachineRoom): App {
  const app: App = new Hono();
  app.get('/', (call) => listFleets(room, call));
  app.get('/:name', (call) => showFleet(room, call));
  app.put('/:name', async (call) => {
    const name = nameIn(call);
    const asked = await bodyOf(room, call, fleetBody);
    if (!name.ok) return refuse(call, name.error);
    if (!asked.ok) return asked.error;
    const definition = definitionOf(asked.value, room.offered);
    if (!definition.ok) return refuse(call, definition.error);
    const { profiles, rules } = definition.value;
    const foreign = foreignProfile(call, [...profiles, ...rules.flatMap((rule) => rule.profiles ?? [])]);
    if (foreign !== undefined) return answerProblem(call, foreign);
    return await answerFleet(room, call, await putFleet(room, name.value, definition.value, onFleet(call)));
  });
  app.delete('/:name', async (call) => {
    const name = nameIn(call);
    if (!name.ok) return refuse(call, name.error);
    const deleted = await deleteFleet(room, name.value, onFleet(call));
    if (!deleted.ok) return refuse(call, deleted.error);
    call.set('change', { before: String(deleted.value.before), after: 'deleted' });
    const { deletedAt } = deleted.value.fleet;
    return answerJson<typeof fleetDeletion>({ name: name.value, deletedAt, dryRun: room.isDry });
  });
  app.post('/:name/token', async (call) => {
    const name = nameIn(call);
    const asked = await bodyOf(room, call, fleetTokenBody);
    if (!name.ok) return refuse(call, name.error);
    if (!asked.ok) return asked.error;
    const { revoke = false } = asked.value;
    return await answerFleet(room, call, await renewFleet(room, name.value, revoke, onFleet(call)));
  });
  app.get('/:name/waiting', async (call) => {
    const fleet = await fleetIn(room, call);
    if (!fleet.ok) return refuse(call, fleet.error);
    const machines = await waitingIn(room.waiting, fleet.value.name, room.platform.now());
    if (!machines.ok) return refuse(call, machines.error);
    return answerJson<typeof waitingPage>({ items: [...machines.value], cursor: null });
  });
  app.delete('/:name/waiting/:key', async (call) => {
    const params = readShape(waitingParams, { name: call.req.param('name'), key: call.req.param('key') });
    if (!params.ok) return refuse(call, params.error);
    const { name, key } = params.value;
    const found = await waitingOne(room.waiting, name, key, room.platform.now());
    if (!found.ok) return refuse(call, found.error);
    if (found.value === undefined) return refuse(call, { reason: 'unknown', what: 'waiting machine' });
    const removed = await room.waiting.remove(name, [key]);
    if (!removed.ok) return refuse(call, removed.error);
    return answerJson<typeof waitingRemoval>({ key, dryRun: room.isDry });
  });
  app.post('/:name/waiting/:key', (call) => assign(room, call));
  return app;
}

async function listFleets(room: MachineRoom, call: Call): Promise<Response> {
  const asked = readShape(fleetsQuery, call.req.query());
  if (!asked.ok) return refuse(call, asked.error);
  const startingWith = call.var.caller.prefix ?? '';
  const list = `fleets ${startingWith}`;
  const place = await placeIn(room, list, asked.value.cursor);
  if (!place.ok) return refuse(call, place.error);
  const page = await room.store.list('fleet', { after: place.value, limit: PAGE, startingWith });
  if (!page.ok) return refuse(call, page.error);
  const { readable, unreadable } = await provenItems(room, 'fleet', page.value.items);
  const items = readable.map(({ name, summary }) => ({
    name,
    generation: Number(summary['generation'] ?? 0),
    updatedAt: summary['updated'] ?? '',
  }));
  const next = page.value.cursor === undefined ? null : (page.value.items.at(-1)?.name ?? null);
  return answerJson<typeof fleetPage>({ items, ...named(unreadable), cursor: await room.cursors.make(list, next) });
}

async function showFleet(room: MachineRoom, call: Call): Promise<Response> {
  const name = nameIn(call);
  if (!name.ok) return refuse(call, { reason: 'unknown', what: 'fleet' });
  const stored = await readFleet(room, name.value);
  if (!stored.ok) return refuse(call, stored.error);
  const etag = entityTag(stored.value.etag);
  if (isNotModified(call.req.raw.headers, etag)) return new Response(null, { status: 304, headers: { etag } });
  const definition = await openFleet(room.vault, stored.value.value);
  if (!definition.ok) return refuse(call, definition.error);
  return answerJson<typeof fleetView>(view(stored.value.value, definition.value), 200, { etag });
}

/** Makes a machine of one that waits: what the fleet says, and over it what the operator says. */
async function assign(room: MachineRoom, call: Call): Promise<Response> {
  const params = readShape(waitingParams, { name: call.req.param('name'), key: call.req.param('key') });
  const asked = await bodyOf(room, call, assignBody);
  if (!params.ok) return refuse(call, params.error);
  if (!asked.ok) return asked.error;
  const fleet = await fleetIn(room, call);
  if (!fleet.ok) return refuse(call, fleet.error);
  const definition = await openFleet(room.vault, fleet.value);
  if (!definition.ok) return refuse(call, definition.error);
  const found = await waitingOne(room.waiting, fleet.value.name, params.value.key, room.platform.now());
  if (!found.ok) return refuse(call, found.error);
  const waiting = found.value;
  if (waiting === undefined) return refuse(call, { reason: 'unknown', what: 'waiting machine' });
  if (waiting.state === 'contradiction')
    return answerProblem(call, {
      code: 'contradiction',
      detail: `${waiting.detail ?? ''}; PUT a machine with what is its own`,
    });
  const { identities, labels } = waiting;
  const newcomer = {
    fleet: fleet.value.name,
    claims: { identities, labels },
    definition: definition.value,
    rule: undefined,
  };
  const { id = await idOf(newcomer), channel, board, version, vars = {}, ...said } = asked.value;
  const base = machineOf(newcomer);
  const place = checkPlace(
    { channel: channel ?? base.channel, board: board ?? base.board, version: version ?? base.version },
    room.offered,
  );
  if (!place.ok) return refuse(call, place.error);
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  const wanted = { ...base, ...given, ...place.value, vars: { ...base.vars, ...vars } };
  const foreign = foreignProfile(call, wanted.profiles) ?? foreignProfile(call, [id], 'machine');
  if (foreign !== undefined) return answerProblem(call, foreign);
  const stored = await writeMachine(
    room,
    id,
    wanted,
    onRecord((etag) => (etag === undefined ? undefined : EXISTS)),
  );
  const exists = !stored.ok && stored.error.reason === 'precondition' && stored.error.is === EXISTS;
  if (exists) return refuse(call, { reason: 'exists', machine: id });
  if (stored.ok && !room.isDry) await room.waiting.remove(fleet.value.name, [waiting.key]);
  return await answerWritten(room, call, stored);
}

async function fleetIn(room: MachineRoom, call: Call): Promise<Result<Fleet, OperatorFault>> {
  const name = nameIn(call);
  if (!name.ok) return err({ reason: 'unknown', what: 'fleet' });
  const stored = await readFleet(room, name.value);
  return stored.ok ? ok(stored.value.value) : stored;
}

const nameIn = (call: Call): Result<string, OperatorFault> => {
  const read = readShape(fleetParams, { name: call.req.param('name') });
  return read.ok ? ok(read.value.name) : read;
};

const onFleet = (call: Call): FleetDemand => {
  const holds = preconditionOf(call.req.raw.headers);
  return async (current) => {
    const isGone = current === undefined || (!isUnreadable(current.value) && current.value.deletedAt !== null);
    return holds(isGone ? undefined : entityTag(current.etag));
  };
};

async function answerFleet(
  room: MachineRoom,
  call: Call,
  written: Result<WrittenFleet, OperatorFault>,
): Promise<Response> {
  if (!written.ok) return refuse(call, written.error);
  const { fleet, etag, before, isWritten } = written.value;
  const definition = await openFleet(room.vault, fleet);
  if (!definition.ok) return refuse(call, definition.error);
  if (room.capabilities.secrets.length === 0) return refuse(call, { reason: 'no-secret' });
  call.set('change', { before: String(before), after: String(fleet.generation) });
  const capability = await room.capabilities.mintForFleet({
    fleet: fleet.name,
    epoch: fleet.epoch,
    nonce: fleet.nonce,
  });
  // The URL of a dry run opens nothing.
  const urls = room.isDry ? null : { ipxe: `${room.bootUrl || originOf(room, call)}/boot/${capability}/ipxe` };
  const answer = { ...view(fleet, definition.value), urls, isChanged: isWritten, dryRun: room.isDry };
  return answerJson<typeof issuedFleet>(answer, 200, room.isDry ? {} : { etag: entityTag(etag) });
}

const view = ({ name, generation, createdAt, updatedAt }: Fleet, definition: FleetDefinition) => ({
  ...{ name, generation },
  ...definition,
  ...{ createdAt, updatedAt },
});

async function bodyOf<S extends z.ZodType>(
  room: MachineRoom,
  call: Call,
  schema: S,
): Promise<Result<z.output<S>, Response>> {
  const bytes = await apiBody(room.platform, call.req.raw, BODY_LIMIT);
  const body = bytes.ok ? apiObject(bytes.value) : bytes;
  if (!body.ok) return err(answerProblem(call, body.error));
  const asked = readShape(schema, body.value, 'the body');
  return asked.ok ? asked : err(refuse(call, asked.error));
}
