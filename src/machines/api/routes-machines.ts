/** The routes of the operator's calls about machines. */
import { Hono } from 'hono';
import { answerJson, apiBody, apiObject } from '../../shared/http/api.ts';
import { CACHE } from '../../shared/http/cache.ts';
import { type App, refuse as answerProblem, type Call } from '../../shared/http/call.ts';
import type { Problem } from '../../shared/problem.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { bootWarnings } from '../boot/boot-warnings.ts';
import { lastBoots } from '../boot/boots.ts';
import { readerFor } from '../boot/machine-reader.ts';
import { render, SAMPLE_CLOUD_CONFIG_URL } from '../boot/render.ts';
import { layerTextsOf, type MachinePorts, profileNamed, readsOf } from '../issue.ts';
import { deleteMachine, issueToken, putMachine, readMachine } from '../machines.ts';
import { machineProblem, type OperatorFault } from '../problems.ts';
import type { Summary } from '../records/bucket.ts';
import { type Machine, machineContext, TEXT_LIMIT } from '../records/model.ts';
import { reseal } from '../reseal.ts';
import type {
  deletion,
  explanation,
  importResult,
  issued as issuedAnswer,
  MachinePage,
  MachineView,
  machinePage,
  machineView,
  resealed,
} from './call-answers.ts';
import { importQuery, machinesQuery, pageQuery, resealQuery, tokenBody } from './call-requests.ts';
import { type Offered, readFormatQuery, readId, readMachineQuery, readShape, readUserText } from './machine-request.ts';
import { named, provenItems } from './page-items.ts';
import { exportMachines, importMachines } from './transfer.ts';

export interface MachineRoom extends MachinePorts {
  readonly offered: Offered;
  /** PUBLIC_URL. If it is empty, the origin of the request is used. */
  readonly publicUrl: string;
}

const BODY_LIMIT = 256 * 1024;
const IMPORT_LIMIT = 32 * 1024 * 1024;
const PAGE = 100;

/** Returns the router of `/api/machines`. */
export function machineRoutes(room: MachineRoom): App {
  const app: App = new Hono();
  app.get('/', (call) => listMachines(room, call));
  app.get('/export', async (call) => {
    const asked = readShape(pageQuery, call.req.query());
    if (!asked.ok) return refuse(call, asked.error);
    const page = await exportMachines(room, asked.value.cursor);
    if (!page.ok) return refuse(call, page.error);
    const { text, unreadable, cursor } = page.value;
    const next = cursor === undefined ? {} : { 'x-next-cursor': cursor, link: nextLink(call, cursor) };
    const bad = unreadable === 0 ? {} : { 'x-unreadable': String(unreadable) };
    const headers = { 'content-type': 'application/x-ndjson', 'cache-control': CACHE.never, ...bad, ...next };
    return new Response(text, { headers });
  });
  app.post('/import', async (call) => {
    const asked = readShape(importQuery, call.req.query());
    if (!asked.ok) return refuse(call, asked.error);
    const body = await apiBody(room.platform, call.req.raw, IMPORT_LIMIT);
    if (!body.ok) return answerProblem(call, body.error);
    const freshEpochs = asked.value.fresh_epochs ?? false;
    const done = await importMachines(room, new TextDecoder().decode(body.value), { freshEpochs });
    const { stopped, imported } = done;
    if (stopped === undefined) return answerJson<typeof importResult>(done);
    const { fault, ...where } = stopped;
    const problem: Problem = fault === undefined ? { code: 'invalid', detail: '' } : machineProblem(fault);
    const detail = `line ${where.line}: ${where.detail}`;
    return answerProblem(call, { ...problem, detail, members: { ...problem.members, imported, stopped: where } });
  });
  app.put('/:id', (call) => put(room, call));
  app.get('/:id', async (call) => {
    const machine = await readNamedMachine(room, call);
    if (!machine.ok) return refuse(call, machine.error);
    const boots = await lastBoots(room.store, machine.value.id);
    if (!boots.ok) return refuse(call, boots.error);
    const profile = await profileNamed(room, machine.value.profile);
    // A machine is shown, whatever has become of its profile.
    const reader = readerFor(machine.value, profile.ok ? profile.value : undefined);
    const lost = profile.ok ? [] : [`the profile cannot be read: ${machineProblem(profile.error).detail}`];
    const warnings = [...lost, ...bootWarnings(reader, boots.value)];
    return answerJson<typeof machineView>({
      ...view(machine.value),
      ignition: readsOf(reader),
      warnings,
      boots: boots.value,
    });
  });
  app.delete('/:id', async (call) => {
    const id = readId(call.req.param('id'));
    if (!id.ok) return refuse(call, id.error);
    const deleted = await deleteMachine(room, id.value);
    if (!deleted.ok) return refuse(call, deleted.error);
    return answerJson<typeof deletion>({ id: id.value, deletedAt: deleted.value.deletedAt });
  });
  app.post('/:id/token', async (call) => {
    const asked = await tokenAsked(room, call);
    if (!asked.ok) return answerProblem(call, asked.error);
    const { id, ...options } = asked.value;
    const issued = await issueToken(room, id, options, originOf(room, call));
    return issued.ok ? answerJson<typeof issuedAnswer>(issued.value) : refuse(call, issued.error);
  });
  app.get('/:id/explain', (call) => explain(room, call));
  return app;
}

/** Returns the router of `POST /api/storage/reseal?cursor=`, which reseals a page of records. */
export function storageRoutes(room: MachineRoom): App {
  const app: App = new Hono();
  app.post('/reseal', async (call) => {
    const asked = readShape(resealQuery, call.req.query());
    if (!asked.ok) return refuse(call, asked.error);
    const { cursor, adopt = false } = asked.value;
    const done = await reseal(room, { cursor, adopt });
    return done.ok
      ? answerJson<typeof resealed>({ ...done.value, unreadable: [...done.value.unreadable] })
      : refuse(call, done.error);
  });
  return app;
}

async function listMachines(room: MachineRoom, call: Call): Promise<Response> {
  const asked = readShape(machinesQuery, call.req.query());
  if (!asked.ok) return refuse(call, asked.error);
  const { cursor, prefix: startingWith } = asked.value;
  const page = await room.store.list('machine', { cursor, limit: PAGE, startingWith });
  if (!page.ok) return refuse(call, page.error);
  const { readable, unreadable } = await provenItems(room, 'machine', page.value.items);
  const machines = readable.map(({ name, summary }) => ({ id: name, ...listItem(summary) }));
  return answerJson<typeof machinePage>({ machines, ...named(unreadable), cursor: page.value.cursor ?? null });
}

async function put(room: MachineRoom, call: Call): Promise<Response> {
  const id = readId(call.req.param('id'));
  if (!id.ok) return refuse(call, id.error);
  const query = readMachineQuery(call.req.query(), room.offered);
  if (!query.ok) return refuse(call, query.error);
  const format = readFormatQuery(call.req.query());
  if (!format.ok) return refuse(call, format.error);
  const body = await apiBody(room.platform, call.req.raw, TEXT_LIMIT, 'the user data');
  if (!body.ok) return answerProblem(call, body.error);
  const written = await readUserText(body.value, format.value);
  if (!written.ok) return refuse(call, written.error);
  const { entries, ...wanted } = written.value;
  const issued = await putMachine(room, id.value, { ...query.value, ...wanted }, originOf(room, call));
  if (!issued.ok) return refuse(call, issued.error);
  const userEntries = entries.map((entry) => ({ ...entry, layer: 'user' as const }));
  return answerJson<typeof issuedAnswer>({ ...issued.value, entries: [...userEntries, ...issued.value.entries] });
}

async function explain(room: MachineRoom, call: Call): Promise<Response> {
  const machine = await readNamedMachine(room, call);
  if (!machine.ok) return refuse(call, machine.error);
  const layerTexts = await layerTextsOf(room, machine.value);
  if (!layerTexts.ok) return refuse(call, layerTexts.error);
  const { base, user, default: fallback } = layerTexts.value;
  const composed = render(layerTexts.value, SAMPLE_CLOUD_CONFIG_URL);
  if (!composed.ok) return refuse(call, { reason: 'invalid', entries: composed.error.entries });
  const { text, version, entries, parts } = composed.value;
  const { sourceText, source } = machine.value;
  const openedSource =
    sourceText === null
      ? ok(undefined)
      : await room.vault.open(sourceText, machineContext(machine.value, 'sourceText'));
  if (!openedSource.ok) return refuse(call, openedSource.error);
  const layers = { base: base ?? null, user: user ?? null, default: fallback ?? null };
  const ignition = readsOf(layerTexts.value.reader);
  return answerJson<typeof explanation>({
    id: machine.value.id,
    generation: machine.value.generation,
    version,
    ignition,
    config: JSON.parse(text),
    parts: [...parts()],
    layers,
    entries: [...entries],
    ...(openedSource.value === undefined ? {} : { source, sourceText: openedSource.value }),
  });
}

async function readNamedMachine(room: MachineRoom, call: Call): Promise<Result<Machine, OperatorFault>> {
  const id = readId(call.req.param('id'));
  // A call that reads gets 404 for an invalid id, as for an unknown machine. Only a call that writes is told why.
  return id.ok ? await readMachine(room, id.value) : err({ reason: 'unknown', what: 'machine' });
}

async function tokenAsked(
  room: MachineRoom,
  call: Call,
): Promise<Result<{ id: string; revoke: boolean; expiresIn: number | undefined }, Problem>> {
  const id = readId(call.req.param('id'));
  if (!id.ok) return err(machineProblem(id.error));
  const bytes = await apiBody(room.platform, call.req.raw, BODY_LIMIT);
  const body = bytes.ok ? apiObject(bytes.value) : bytes;
  if (!body.ok) return body;
  const asked = readShape(tokenBody, body.value);
  if (!asked.ok) return err(machineProblem(asked.error));
  const { revoke = false, expires_in: expiresIn } = asked.value;
  return ok({ id: id.value, revoke, expiresIn });
}

/** Returns the record without the values that the machine's URLs are made of. */
function view(machine: Machine): Omit<MachineView, 'boots' | 'ignition' | 'warnings'> {
  const { id, profile, kind, source, generation, expiry, channel, board, version, createdAt, updatedAt } = machine;
  const written = source === null ? {} : { source };
  const expiresAt = expiry === 0 ? null : new Date(expiry * 1000).toISOString();
  return { id, profile, kind, ...written, generation, expiresAt, channel, board, version, createdAt, updatedAt };
}

function listItem(summary: Summary): Omit<MachinePage['machines'][number], 'id'> {
  const { profile = '', kind = '', generation = '0', expiry = '0', updated = '' } = summary;
  return {
    profile: profile === '' ? null : profile,
    kind,
    generation: Number(generation),
    expiresAt: expiry === '0' ? null : new Date(Number(expiry) * 1000).toISOString(),
    updatedAt: updated,
  };
}

function nextLink(call: Call, cursor: string): string {
  const { pathname } = new URL(call.req.url);
  return `<${pathname}?cursor=${encodeURIComponent(cursor)}>; rel="next"`;
}

/** Returns the origin under which clients reach this service, such as `https://edge.example`. */
const originOf = (room: MachineRoom, call: Call): string => room.publicUrl || new URL(call.req.url).origin;

const refuse = (call: Call, fault: OperatorFault): Response => answerProblem(call, machineProblem(fault));
