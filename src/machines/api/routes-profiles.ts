/** The routes of the operator's calls about profiles. */
import { Hono } from 'hono';
import { readFormat } from '../../configs/formats.ts';
import { readUserData } from '../../configs/user-data.ts';
import { answerJson, apiBody, apiObject } from '../../shared/http/api.ts';
import { CACHE } from '../../shared/http/cache.ts';
import { type App, refuse as answerProblem, type Call } from '../../shared/http/call.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { openProfile } from '../boot/render.ts';
import { machineProblem, type OperatorFault } from '../problems.ts';
import { changeProfile, deleteProfile, type ProfileChange, type ProfilePart } from '../profiles.ts';
import { profileDocument } from '../records/documents.ts';
import { type Profile, TEXT_LIMIT } from '../records/model.ts';
import type { profileChange, profileDeletion, profilePage, profileView } from './call-answers.ts';
import { changeQuery, pageQuery, profileBody } from './call-requests.ts';
import { readFormatQuery, readProfileName, readShape } from './machine-request.ts';
import { named, provenItems } from './page-items.ts';
import type { MachineRoom } from './routes-machines.ts';

const BODY_LIMIT = 256 * 1024;
const PAGE = 100;

/** Returns the router of `/api/profiles`. */
export function profileRoutes(room: MachineRoom): App {
  const app: App = new Hono();
  app.get('/', async (call) => {
    const asked = readShape(pageQuery, call.req.query());
    if (!asked.ok) return refuse(call, asked.error);
    const page = await room.store.list('profile', { cursor: asked.value.cursor, limit: PAGE });
    if (!page.ok) return refuse(call, page.error);
    const { readable, unreadable } = await provenItems(room, 'profile', page.value.items);
    const profiles = readable.map(({ name, summary }) => ({
      name,
      engine: summary['engine'] ?? '',
      generation: Number(summary['generation'] ?? 0),
      updatedAt: summary['updated'] ?? '',
    }));
    return answerJson<typeof profilePage>({ profiles, ...named(unreadable), cursor: page.value.cursor ?? null });
  });
  app.get('/:name', async (call) => {
    const profile = await readNamedProfile(room, call);
    if (!profile.ok) return refuse(call, profile.error);
    const layers = await openProfile(room.vault, profile.value);
    if (!layers.ok) return refuse(call, layers.error);
    const { base, default: fallback } = layers.value;
    const texts = { base: base ?? null, default: fallback ?? null };
    return answerJson<typeof profileView>({ ...view(profile.value), ...texts });
  });
  app.put('/:name', async (call) => {
    const bytes = await apiBody(room.platform, call.req.raw, BODY_LIMIT);
    const body = bytes.ok ? apiObject(bytes.value) : bytes;
    if (!body.ok) return answerProblem(call, body.error);
    const wanted = readShape(profileBody, body.value);
    return wanted.ok ? await change(room, call, wanted.value) : refuse(call, wanted.error);
  });
  app.delete('/:name', async (call) => {
    const name = readProfileName(call.req.param('name'));
    if (!name.ok) return refuse(call, name.error);
    const deleted = await deleteProfile(room, name.value);
    return deleted.ok
      ? answerJson<typeof profileDeletion>({ name: name.value, deletedAt: deleted.value.deletedAt })
      : refuse(call, deleted.error);
  });
  for (const layer of ['base', 'default'] as const) addLayerRoutes(app, room, layer);
  return app;
}

function addLayerRoutes(app: App, room: MachineRoom, layer: ProfilePart): void {
  app.put(`/:name/${layer}`, async (call) => {
    const body = await apiBody(room.platform, call.req.raw, TEXT_LIMIT);
    if (!body.ok) return answerProblem(call, body.error);
    const data = await readUserData(body.value, TEXT_LIMIT);
    if (!data.ok) return refuse(call, { reason: 'bad-user-data', fault: data.error });
    // When a tool before curl in a pipe fails, curl sends an empty body. This must not remove the layer.
    if (data.value.text === '')
      return refuse(call, { reason: 'bad-value', field: layer, message: 'is empty; DELETE takes it away' });
    const format = readFormatQuery(call.req.query());
    const written = format.ok ? readFormat(data.value, format.value) : format;
    return written.ok ? await change(room, call, { [layer]: written.value.text }) : refuse(call, written.error);
  });
  app.get(`/:name/${layer}`, async (call) => {
    const profile = await readNamedProfile(room, call);
    const layers = profile.ok ? await openProfile(room.vault, profile.value) : profile;
    if (!layers.ok) return refuse(call, layers.error);
    const text = layers.value[layer];
    if (text === undefined) return answerProblem(call, { code: 'not-found', detail: `this profile has no ${layer}` });
    return new Response(text, { headers: { 'content-type': 'application/json', 'cache-control': CACHE.never } });
  });
  app.delete(`/:name/${layer}`, (call) => change(room, call, { [layer]: null }));
}

async function change(room: MachineRoom, call: Call, wanted: ProfileChange): Promise<Response> {
  const name = readProfileName(call.req.param('name'));
  if (!name.ok) return refuse(call, name.error);
  const asked = readShape(changeQuery, call.req.query());
  if (!asked.ok) return refuse(call, asked.error);
  const { dry_run: dryRun = false, force = false, cursor } = asked.value;
  const options = { dryRun, force, cursor: dryRun ? cursor : undefined };
  const changed = await changeProfile(room, name.value, wanted, options);
  if (!changed.ok) return refuse(call, changed.error);
  const { profile, entries, effect } = changed.value;
  const answer = { ...view(profile), dryRun, entries, ...effect };
  return answerJson<typeof profileChange>(answer);
}

async function readNamedProfile(room: MachineRoom, call: Call): Promise<Result<Profile, OperatorFault>> {
  const unknown = err<OperatorFault>({ reason: 'unknown', what: 'profile' });
  const name = readProfileName(call.req.param('name'));
  if (!name.ok) return unknown;
  const stored = await profileDocument(room, name.value).read();
  if (!stored.ok) return stored;
  const profile = stored.value?.value;
  return profile === undefined || profile.deletedAt !== null ? unknown : ok(profile);
}

function view({ name, engine, ignition = null, cloudInit = 'on', ...record }: Profile) {
  const { generation, createdAt, updatedAt, base, default: fallback } = record;
  return {
    name,
    engine,
    ignition,
    cloudInit,
    generation,
    createdAt,
    updatedAt,
    hasBase: base !== null,
    hasDefault: fallback !== null,
  };
}

const refuse = (call: Call, fault: OperatorFault): Response => answerProblem(call, machineProblem(fault));
