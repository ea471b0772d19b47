/** The routes of the operator's calls about machines. */
import { Hono } from 'hono';
import type * as z from 'zod';
import { answerJson, apiBody, apiObject } from '../../shared/http/api.ts';
import { CACHE } from '../../shared/http/cache.ts';
import { type App, refuse as answerProblem, type Call } from '../../shared/http/call.ts';
import { isNotModified, preconditionOf } from '../../shared/http/precondition.ts';
import type { Problem } from '../../shared/problem.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { patchMachine, putUserData, userDataTag, userText } from '../amend.ts';
import { forgetWaiting } from '../fleets/waiting.ts';
import {
  deleteMachine,
  issueToken,
  onRecord,
  readMachine,
  rearmMachine,
  revokeUrl,
  type Written,
  writeMachine,
} from '../machines.ts';
import { badField, machineProblem, type OperatorFault } from '../problems.ts';
import { type Machine, TEXT_LIMIT } from '../records/model.ts';
import { shownUrls } from '../records/urls.ts';
import { answerWritten, foreignProfile } from './answer-written.ts';
import type { deletion, revokedUrl, urlList } from './call-answers.ts';
import { machinePatch, tokenBody, urlParams } from './call-requests.ts';
import { countMachines } from './count-machines.ts';
import { bootedConfig, explainMachine } from './explain.ts';
import { listMachines } from './list-machines.ts';
import { namesIn, patchOf, takenAway } from './machine-patch.ts';
import { readFormatQuery, readId, readMachineQuery, readShape, readUserText } from './machine-request.ts';
import { showMachine } from './machine-view.ts';
import { previewMachine } from './preview.ts';
import { type MachineRoom, refuse } from './room.ts';
import { addTransferRoutes } from './routes-transfer.ts';

const BODY_LIMIT = 256 * 1024;

/** Returns the router of `/api/machine-counts`: every name below `/api/machines` may be that of a machine. */
export function machineCountRoutes(room: MachineRoom): App {
  const app: App = new Hono();
  app.get('/', (call) => countMachines(room, call));
  return app;
}

/** Returns the router of `/api/machines`. */
export function machineRoutes(room: MachineRoom): App {
  const app: App = new Hono();
  app.get('/', (call) => listMachines(room, call));
  addTransferRoutes(app, room);
  app.get('/:id', (call) => showMachine(room, call));
  app.put('/:id', (call) => put(room, call));
  app.patch('/:id', (call) => patch(room, call));
  app.delete('/:id', async (call) => {
    const id = readId(call.req.param('id'));
    if (!id.ok) return refuse(call, id.error);
    const deleted = await deleteMachine(room, id.value, onRecord(preconditionOf(call.req.raw.headers)));
    if (!deleted.ok) return refuse(call, deleted.error);
    call.set('change', { before: String(deleted.value.before), after: 'deleted' });
    const { deletedAt } = deleted.value.machine;
    return answerJson<typeof deletion>({ id: id.value, deletedAt, dryRun: room.isDry });
  });
  app.post('/:id/token', (call) => token(room, call));
  app.get('/:id/urls', async (call) => {
    const id = readId(call.req.param('id'));
    const stored = id.ok ? await readMachine(room, id.value) : id;
    if (!stored.ok) return refuse(call, stored.error);
    const { value } = stored.value;
    return answerJson<typeof urlList>({ ...shownUrls(value, room.platform.now()), cursor: null });
  });
  app.delete('/:id/urls/:number', async (call) => {
    const id = readId(call.req.param('id'));
    if (!id.ok) return refuse(call, id.error);
    const asked = readShape(urlParams, call.req.param());
    if (!asked.ok) return refuse(call, asked.error);
    const { number } = asked.value;
    const stored = await revokeUrl(room, id.value, number, onRecord(preconditionIn(call)));
    if (!stored.ok) return refuse(call, stored.error);
    call.set('change', { before: `URL ${number}`, after: 'revoked' });
    return answerJson<typeof revokedUrl>({ id: id.value, number, dryRun: room.isDry });
  });
  app.post('/:id/rearm', async (call) => {
    const id = readId(call.req.param('id'));
    if (!id.ok) return refuse(call, id.error);
    return await answerWritten(room, call, await rearmMachine(room, id.value, onRecord(preconditionIn(call))));
  });
  app.get('/:id/user-data', (call) => showUserData(room, call));
  app.put('/:id/user-data', (call) => changeUserData(room, call));
  app.delete('/:id/user-data', async (call) => {
    const nothing = { kind: 'none', source: null, text: '', sourceText: undefined } as const;
    const id = readId(call.req.param('id'));
    if (!id.ok) return refuse(call, id.error);
    return await answerWritten(room, call, await putUserData(room, id.value, nothing, preconditionIn(call)));
  });
  app.get('/:id/explain', (call) => explainMachine(room, call));
  app.post('/:id/preview', (call) => previewMachine(room, call));
  app.get('/:id/booted', (call) => bootedConfig(room, call));
  return app;
}

const preconditionIn = (call: Call) => preconditionOf(call.req.raw.headers);

async function put(room: MachineRoom, call: Call): Promise<Response> {
  const id = readId(call.req.param('id'));
  if (!id.ok) return refuse(call, id.error);
  const query = readMachineQuery(call.req.queries(), room.offered);
  if (!query.ok) return refuse(call, query.error);
  const foreign =
    foreignProfile(call, query.value.profiles) ?? foreignProfile(call, [query.value.fleet ?? []].flat(), 'fleet');
  if (foreign !== undefined) return answerProblem(call, foreign);
  const format = readFormatQuery(call.req.query());
  if (!format.ok) return refuse(call, format.error);
  const body = await apiBody(room.platform, call.req.raw, TEXT_LIMIT, 'the user data');
  if (!body.ok) return answerProblem(call, body.error);
  const written = await readUserText(body.value, format.value);
  if (!written.ok) return refuse(call, written.error);
  const { entries, ...wanted } = written.value;
  let before: Machine | undefined;
  const stored = await writeMachine(room, id.value, { ...query.value, ...wanted }, async (current) => {
    before = current !== undefined && !('unreadable' in current.value) ? current.value : undefined;
    return await onRecord(preconditionIn(call))(current);
  });
  forget(room, stored);
  const warnings = stored.ok ? takenAway(before, stored.value.machine) : [];
  return await answerWritten(room, call, stored, { entries, warnings });
}

async function patch(room: MachineRoom, call: Call): Promise<Response> {
  const asked = await bodyOf(room, call, machinePatch);
  if (!asked.ok) return asked.error;
  const { id, body } = asked.value;
  const foreign = foreignProfile(
    call,
    body.profiles ?? (body.profile === undefined ? undefined : namesIn(body.profile)),
  );
  const foreignFleet = foreign ?? foreignProfile(call, [body.fleet ?? []].flat(), 'fleet');
  if (foreignFleet !== undefined) return answerProblem(call, foreignFleet);
  let foreignIdentity: Problem | undefined;
  const identities = [body.mac, body.uuid, body.serial, body.asset];
  const namesIdentity = identities.some((value) => value !== undefined);
  const stored = await patchMachine(
    room,
    id,
    (settings) => {
      // Whoever gives an identity decides what another's fleet boots.
      const fleet = body.fleet === undefined ? settings.fleet : body.fleet;
      foreignIdentity = namesIdentity ? foreignProfile(call, [fleet ?? []].flat(), 'fleet') : undefined;
      return foreignIdentity === undefined ? patchOf(settings, body, room.offered) : err({ reason: 'conflict' });
    },
    preconditionIn(call),
  );
  if (foreignIdentity !== undefined) return answerProblem(call, foreignIdentity);
  forget(room, stored);
  return await answerWritten(room, call, stored);
}

/** What is a machine waits no more. */
function forget(room: MachineRoom, stored: Result<Written, OperatorFault>): void {
  if (!stored.ok || room.isDry) return;
  const { fleet = null, identities } = stored.value.machine;
  if (fleet !== null && identities !== undefined)
    room.platform.waitUntil(forgetWaiting(room.waiting, fleet, identities));
}

async function token(room: MachineRoom, call: Call): Promise<Response> {
  const asked = await bodyOf(room, call, tokenBody);
  if (!asked.ok) return asked.error;
  const { id, body } = asked.value;
  const { revoke = false, expiresIn } = body;
  const demands = onRecord(preconditionIn(call));
  return await answerWritten(room, call, await issueToken(room, id, { revoke, expiresIn }, demands));
}

async function showUserData(room: MachineRoom, call: Call): Promise<Response> {
  const id = readId(call.req.param('id'));
  if (!id.ok) return refuse(call, { reason: 'unknown', what: 'machine' });
  const stored = await readMachine(room, id.value);
  if (!stored.ok) return refuse(call, stored.error);
  const text = await userText(room, stored.value.value);
  if (!text.ok) return refuse(call, text.error);
  if (text.value === undefined)
    return answerProblem(call, { code: 'not-found', detail: 'this machine has no user data' });
  const etag = userDataTag(text.value);
  if (isNotModified(call.req.raw.headers, etag)) return new Response(null, { status: 304, headers: { etag } });
  const { source, kind } = stored.value.value;
  const type = source !== null ? 'application/yaml' : kind === 'ignition' ? 'application/json' : 'text/plain';
  const headers = { etag, 'content-type': `${type}; charset=utf-8`, 'cache-control': CACHE.never };
  return new Response(text.value.text, { headers });
}

async function changeUserData(room: MachineRoom, call: Call): Promise<Response> {
  const id = readId(call.req.param('id'));
  if (!id.ok) return refuse(call, id.error);
  const format = readFormatQuery(call.req.query());
  if (!format.ok) return refuse(call, format.error);
  const body = await apiBody(room.platform, call.req.raw, TEXT_LIMIT, 'the user data');
  if (!body.ok) return answerProblem(call, body.error);
  // When a tool before curl in a pipe fails, curl sends an empty body. This must not take the user data away.
  if (body.value.length === 0) return refuse(call, badField('body', 'is empty; DELETE takes the user data away'));
  const written = await readUserText(body.value, format.value);
  if (!written.ok) return refuse(call, written.error);
  const { entries, ...text } = written.value;
  return await answerWritten(room, call, await putUserData(room, id.value, text, preconditionIn(call)), { entries });
}

/** Returns the id and the JSON body of a call, or the answer that refuses it. */
async function bodyOf<S extends z.ZodType>(
  room: MachineRoom,
  call: Call,
  schema: S,
): Promise<Result<{ readonly id: string; readonly body: z.output<S> }, Response>> {
  const refused = (problem: Problem) => ({ ok: false, error: answerProblem(call, problem) }) as const;
  const id = readId(call.req.param('id'));
  if (!id.ok) return refused(machineProblem(id.error));
  const bytes = await apiBody(room.platform, call.req.raw, BODY_LIMIT);
  const body = bytes.ok ? apiObject(bytes.value) : bytes;
  if (!body.ok) return refused(body.error);
  const asked = readShape(schema, body.value, 'the body');
  return asked.ok ? ok({ id: id.value, body: asked.value }) : refused(machineProblem(asked.error));
}
