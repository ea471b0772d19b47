/** The routes of the operator's calls about profiles. */
import { Hono } from 'hono';
import { readFormat } from '../../configs/formats.ts';
import { readUserData } from '../../configs/user-data.ts';
import { sha512Hex } from '../../shared/bytes.ts';
import type { Stored } from '../../shared/document.ts';
import { answerJson, apiBody, apiObject } from '../../shared/http/api.ts';
import { CACHE } from '../../shared/http/cache.ts';
import { type App, refuse as answerProblem, type Call } from '../../shared/http/call.ts';
import { entityTag, isNotModified, preconditionOf } from '../../shared/http/precondition.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { startCheck } from '../checks/run-check.ts';
import { fleetsNaming } from '../fleets/fleet-profiles.ts';
import { openProfile } from '../layers/layers.ts';
import { openSources, type WrittenIn } from '../layers/sources.ts';
import { badField, type OperatorFault } from '../problems.ts';
import type { ProfilePart } from '../profile-plan.ts';
import { changeProfile, type Demand, deleteProfile, type ProfileChange } from '../profiles.ts';
import { isUnreadable, replaceableProfile } from '../records/documents.ts';
import { type Profile, TEXT_LIMIT } from '../records/model.ts';
import { changeQuery, pageQuery, profileBody, profilePatch } from './call-requests.ts';
import { readFormatQuery, readProfileName, readShape } from './machine-request.ts';
import { named, provenItems } from './page-items.ts';
import type { profileChange, profileDeletion, profilePage, profileView } from './profile-answers.ts';
import { checkPorts, type MachineRoom, placeIn, refuse } from './room.ts';
import { addCheckRoutes } from './routes-checks.ts';

const BODY_LIMIT = 256 * 1024;
const PAGE = 100;

/** Returns the router of `/api/profiles`. */
export function profileRoutes(room: MachineRoom): App {
  const app: App = new Hono();
  app.get('/', (call) => listProfiles(room, call));
  app.get('/:name', async (call) => {
    const stored = await readNamedProfile(room, call);
    if (!stored.ok) return refuse(call, stored.error);
    const etag = entityTag(stored.value.etag);
    if (isNotModified(call.req.raw.headers, etag)) return new Response(null, { status: 304, headers: { etag } });
    const { value: profile } = stored.value;
    const layers = await openProfile(room.vault, profile);
    if (!layers.ok) return refuse(call, layers.error);
    const boots = await room.bootsOf(profile.name);
    if (!boots.ok) return refuse(call, boots.error);
    const { base, default: fallback } = layers.value;
    const texts = { base: base ?? null, default: fallback ?? null };
    const written = await openSources(room.vault, profile);
    const tagOf = async (layer: ProfilePart) => {
      const text = layers.value[layer];
      return text === undefined ? null : await layerTag(text, written[layer]);
    };
    const etags = { base: await tagOf('base'), default: await tagOf('default') };
    const sources = { base: written.base ?? null, default: written.default ?? null };
    return answerJson<typeof profileView>(
      { ...view(profile), vars: layers.value.vars, ...texts, sources, etags, boots: boots.value },
      200,
      { etag },
    );
  });
  app.put('/:name', async (call) => {
    const body = await objectIn(room, call);
    if (!body.ok) return body.error;
    const wanted = readShape(profileBody, body.value, 'the body');
    if (!wanted.ok) return refuse(call, wanted.error);
    const { engine, ignition = null, cloudInit = 'on', kernelArgs = null, vars = null } = wanted.value;
    const { metadataUnit = false } = wanted.value;
    const settings = { engine, ignition, cloudInit, metadataUnit, kernelArgs, vars };
    return await change(room, call, settings, onProfile(call));
  });
  app.patch('/:name', async (call) => {
    const body = await objectIn(room, call);
    if (!body.ok) return body.error;
    const wanted = readShape(profilePatch, body.value, 'the body');
    if (!wanted.ok) return refuse(call, wanted.error);
    const known = await readNamedProfile(room, call);
    return known.ok ? await change(room, call, wanted.value, onProfile(call)) : refuse(call, known.error);
  });
  app.delete('/:name', async (call) => {
    const name = readProfileName(call.req.param('name'));
    if (!name.ok) return refuse(call, name.error);
    const fleets = await fleetsNaming(room, name.value);
    if (!fleets.ok) return refuse(call, fleets.error);
    if (fleets.value.length > 0) return refuse(call, { reason: 'in-fleets', fleets: fleets.value });
    const deleted = await deleteProfile(room, name.value, onProfile(call));
    if (!deleted.ok) return refuse(call, deleted.error);
    const { generation, deletedAt } = deleted.value.profile;
    call.set('change', { before: String(generation - 1), after: 'deleted' });
    return answerJson<typeof profileDeletion>({ name: name.value, deletedAt, dryRun: room.isDry });
  });
  for (const layer of ['base', 'default'] as const) addLayerRoutes(app, room, layer);
  addCheckRoutes(app, room);
  return app;
}

async function listProfiles(room: MachineRoom, call: Call): Promise<Response> {
  const asked = readShape(pageQuery, call.req.query());
  if (!asked.ok) return refuse(call, asked.error);
  const startingWith = call.var.caller.prefix ?? '';
  const list = `profiles ${startingWith}`;
  const place = await placeIn(room, list, asked.value.cursor);
  if (!place.ok) return refuse(call, place.error);
  const page = await room.store.list('profile', { after: place.value, limit: PAGE, startingWith });
  if (!page.ok) return refuse(call, page.error);
  const { readable, unreadable } = await provenItems(room, 'profile', page.value.items);
  const items = readable.map(({ name, summary }) => ({
    name,
    engine: summary['engine'] ?? '',
    generation: Number(summary['generation'] ?? 0),
    updatedAt: summary['updated'] ?? '',
  }));
  const next = page.value.cursor === undefined ? null : (page.value.items.at(-1)?.name ?? null);
  const cursor = await room.cursors.make(list, next);
  return answerJson<typeof profilePage>({ items, ...named(unreadable), cursor });
}

function addLayerRoutes(app: App, room: MachineRoom, layer: ProfilePart): void {
  app.put(`/:name/${layer}`, async (call) => {
    const body = await apiBody(room.platform, call.req.raw, TEXT_LIMIT);
    if (!body.ok) return answerProblem(call, body.error);
    const data = await readUserData(body.value, TEXT_LIMIT);
    if (!data.ok) return refuse(call, { reason: 'bad-user-data', fault: data.error });
    // When a tool before curl in a pipe fails, curl sends an empty body. This must not remove the layer.
    if (data.value.text === '') return refuse(call, badField('body', 'is empty; DELETE takes the layer away'));
    const format = readFormatQuery(call.req.query());
    const written = format.ok ? readFormat(data.value, format.value) : format;
    if (!written.ok) return refuse(call, written.error);
    const { text, source, sourceText } = written.value;
    const isOther = source !== null && sourceText !== undefined;
    const sources = isOther ? { [layer]: { source, text: sourceText } } : {};
    return await change(room, call, { [layer]: text, sources }, onLayer(room, call, layer), layer);
  });
  app.get(`/:name/${layer}`, async (call) => {
    const stored = await readNamedProfile(room, call);
    const layers = stored.ok ? await openProfile(room.vault, stored.value.value) : stored;
    if (!layers.ok) return refuse(call, layers.error);
    const written = stored.ok ? await openSources(room.vault, stored.value.value) : {};
    const text = layers.value[layer];
    if (text === undefined) return answerProblem(call, { code: 'not-found', detail: `this profile has no ${layer}` });
    const etag = await layerTag(text, written[layer]);
    if (isNotModified(call.req.raw.headers, etag)) return new Response(null, { status: 304, headers: { etag } });
    return new Response(text, { headers: { etag, 'content-type': 'application/json', 'cache-control': CACHE.never } });
  });
  app.delete(`/:name/${layer}`, async (call) => {
    const known = await readNamedProfile(room, call);
    if (!known.ok) return refuse(call, known.error);
    return await change(room, call, { [layer]: null }, onLayer(room, call, layer), layer);
  });
}

/** The entity tag of a layer is that of its text, and of what that was written in: a change of the other layer leaves it as it is. */
const layerTag = async (text: string, written: WrittenIn | undefined): Promise<string> => {
  const all = written === undefined ? text : `${text}\n${written.text}`;
  return entityTag((await sha512Hex(new Uint8Array(new TextEncoder().encode(all)))).slice(0, 32));
};

/** Returns the entity tag of a layer of a profile; `undefined` where it has none, or cannot be read. */
async function tagOfLayer({ vault }: MachineRoom, profile: Profile, layer: ProfilePart): Promise<string | undefined> {
  const [texts, written] = [await openProfile(vault, profile), await openSources(vault, profile)];
  const text = texts.ok ? texts.value[layer] : undefined;
  return text === undefined ? undefined : await layerTag(text, written[layer]);
}

const onProfile =
  (call: Call): Demand =>
  async (current) => {
    const isGone = current === undefined || (!isUnreadable(current.value) && current.value.deletedAt !== null);
    return preconditionOf(call.req.raw.headers)(isGone ? undefined : entityTag(current.etag));
  };

const onLayer =
  (room: MachineRoom, call: Call, layer: ProfilePart): Demand =>
  async (current) => {
    const profile = current === undefined || isUnreadable(current.value) ? undefined : current.value;
    const tag = profile?.deletedAt === null ? await tagOfLayer(room, profile, layer) : undefined;
    return preconditionOf(call.req.raw.headers)(tag);
  };

async function objectIn(room: MachineRoom, call: Call): Promise<Result<Record<string, unknown>, Response>> {
  const bytes = await apiBody(room.platform, call.req.raw, BODY_LIMIT);
  const body = bytes.ok ? apiObject(bytes.value) : bytes;
  return body.ok ? body : err(answerProblem(call, body.error));
}

/** Makes a change and answers with it; with 202 where a check goes on by itself. */
async function change(
  room: MachineRoom,
  call: Call,
  wanted: ProfileChange,
  demands: Demand,
  layer?: ProfilePart,
): Promise<Response> {
  const name = readProfileName(call.req.param('name'));
  if (!name.ok) return refuse(call, name.error);
  const asked = readShape(changeQuery, call.req.query());
  if (!asked.ok) return refuse(call, asked.error);
  const list = `machines of ${name.value}`;
  const place = await placeIn(room, list, asked.value.cursor);
  if (!place.ok) return refuse(call, place.error);
  const { isDry } = room;
  if (place.value !== '' && !isDry) return refuse(call, badField('cursor', 'is for dry runs: send dry_run=1 with it'));
  const { force = false } = asked.value;
  const options = { dryRun: isDry, force, cursor: place.value === '' ? undefined : place.value, demands };
  const changed = await changeProfile(room, name.value, wanted, options, (plan, effect) =>
    startCheck(checkPorts(room), name.value, wanted, { plan, effect, by: call.var.caller.who }),
  );
  if (!changed.ok) return refuse(call, await withCursor(room, list, changed.error));
  const { profile, etag, entries, effect, isChanged, before, check = null } = changed.value;
  const after = check === null ? String(profile.generation) : `check ${check}`;
  call.set('change', { before: String(before), after });
  const cursor = await room.cursors.make(list, effect.cursor);
  const told = { ...effect, breaks: [...effect.breaks], unreadable: [...effect.unreadable], cursor };
  const warnings = takenAway(changed.value.replaced, profile);
  const answer = { ...view(profile), dryRun: isDry, isChanged, entries, warnings, ...told, change: check };
  const tag = await tagAfter(room, profile, etag, layer);
  const location = check === null ? {} : { location: `/api/profiles/${name.value}/changes/${check}` };
  const headers = { ...(tag === undefined || isDry || check !== null ? {} : { etag: tag }), ...location };
  return answerJson<typeof profileChange>(answer, check === null ? 200 : 202, headers);
}

/** Whoever writes the settings of a profile may not have meant to take one away. */
function takenAway(before: Profile | undefined, after: Profile): string[] {
  if (before === undefined) return [];
  const hint = 'PUT replaces all settings, PATCH changes a part';
  const had = [...(before.kernelArgs ?? [])].length > 0 && (after.kernelArgs ?? []).length === 0;
  return [
    ...(had ? [`the profile had kernel arguments and has none now: ${hint}`] : []),
    ...((before.ignition ?? null) !== null && (after.ignition ?? null) === null
      ? [`the profile named Ignition ${before.ignition} and names none now: ${hint}`]
      : []),
    ...(before.cloudInit === 'off' && after.cloudInit !== 'off' ? [`cloudInit was off and is on now: ${hint}`] : []),
  ];
}

/** The entity tag of what a call was about: the profile, or one of its layers. */
async function tagAfter(room: MachineRoom, profile: Profile, etag: string, layer: ProfilePart | undefined) {
  if (layer === undefined) return entityTag(etag);
  return await tagOfLayer(room, profile, layer);
}

/** The cursor of a refusal is one that a dry run takes. */
async function withCursor(room: MachineRoom, list: string, fault: OperatorFault): Promise<OperatorFault> {
  if (fault.reason !== 'breaks') return fault;
  return { ...fault, effect: { ...fault.effect, cursor: await room.cursors.make(list, fault.effect.cursor) } };
}

async function readNamedProfile(room: MachineRoom, call: Call): Promise<Result<Stored<Profile>, OperatorFault>> {
  const unknown = err<OperatorFault>({ reason: 'unknown', what: 'profile' });
  const name = readProfileName(call.req.param('name'));
  if (!name.ok) return unknown;
  const stored = await replaceableProfile(room, name.value).read();
  if (!stored.ok) return stored;
  if (stored.value === undefined) return unknown;
  const { value, etag } = stored.value;
  if (isUnreadable(value)) return err({ ...value.unreadable, etag });
  return value.deletedAt === null ? ok({ value, etag }) : unknown;
}

function view({ name, engine, ignition = null, cloudInit = 'on', kernelArgs = [], ...record }: Profile) {
  const { metadataUnit = false } = record;
  const { generation, createdAt, updatedAt, base, default: fallback } = record;
  return {
    ...{ name, engine, ignition, cloudInit, metadataUnit, generation, createdAt, updatedAt },
    kernelArgs: [...kernelArgs],
    hasBase: base !== null,
    hasDefault: fallback !== null,
  };
}
