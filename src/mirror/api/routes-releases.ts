/** The operator's calls about releases: the list, one manifest, quarantine and its lifting. */
import { Hono } from 'hono';
import { compareVersions, type Pair, type Version } from '../../releases/model.ts';
import { releaseProblem } from '../../releases/serve/problems.ts';
import { type Manifest, publicFile } from '../../releases/store/manifest.ts';
import { answerJson, checkShape, shapeProblem } from '../../shared/http/api.ts';
import type { App, Call } from '../../shared/http/call.ts';
import { isNotModified, preconditionOf } from '../../shared/http/precondition.ts';
import type { Problem } from '../../shared/problem.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { type Demand, liftQuarantine, quarantine } from '../withdrawal.ts';
import { ringsOf, viewAlias } from './alias-view.ts';
import {
  type lifted,
  type manifestView,
  type quarantined,
  quarantineQuery,
  type ReleaseItem,
  type releasePage,
  releaseQuery,
} from './call-shapes.ts';
import { marksOf, releasesOf, releaseTag } from './release-view.ts';
import { type MirrorRoom, NO_CURSOR, NOT_MIRRORED, numbered, refuse } from './room.ts';

const PAGE = 100;

/** Returns the routes below `/api/releases`. */
export function publishedRoutes(room: MirrorRoom): App {
  const app: App = new Hono();
  app.get('/', (call) => listReleases(room, call));
  app.get('/:channel/:board/:version', async (call) => {
    const release = numbered(room, call);
    if (!release.ok) return refuse(call, release.error);
    const manifest = await room.releases.manifestDocument(release.value).read();
    if (!manifest.ok) return refuse(call, releaseProblem(manifest.error));
    const stored = manifest.value?.value;
    if (stored === undefined || isSwept(stored)) return refuse(call, NOT_MIRRORED);
    const etag = await releaseTag(stored);
    if (isNotModified(call.req.raw.headers, etag)) return new Response(null, { status: 304, headers: { etag } });
    const files = Object.entries(stored.files).map(([name, file]) => ({ name, ...publicFile(file) }));
    return answerJson<typeof manifestView>({ ...marksOf(stored), files }, 200, { etag });
  });
  app.delete('/:channel/:board/:version', (call) => quarantineRelease(room, call));
  app.post('/:channel/:board/:version/lift', async (call) => {
    const release = numbered(room, call);
    if (!release.ok) return refuse(call, release.error);
    const done = await liftQuarantine(room, release.value, demandsOf(call));
    room.forget(release.value);
    if (!done.ok) return refuse(call, markProblem(done.error));
    if (done.value === undefined)
      return refuse(call, { code: 'not-found', detail: 'this release is neither quarantined nor blocked' });
    call.set('change', { before: 'quarantined', after: '' });
    return answerJson<typeof lifted>({ ...release.value, dryRun: room.isDry });
  });
  return app;
}

async function listReleases(room: MirrorRoom, call: Call): Promise<Response> {
  const asked = checkShape(releaseQuery, call.req.query(), 'the query');
  if (!asked.ok) return refuse(call, shapeProblem(asked.error));
  const { cursor, ...filter } = asked.value;
  const { channel, board, state } = filter;
  const list = `releases ${JSON.stringify(filter)}`;
  const place = cursor === undefined ? '' : await room.cursors.read(list, cursor);
  if (place === undefined) return refuse(call, NO_CURSOR);
  const all: ReleaseItem[] = [];
  const unreadable: { id: string; reason: string }[] = [];
  for (const pair of room.catalogue.pairs) {
    if ((channel ?? pair.channel) !== pair.channel || (board ?? pair.board) !== pair.board) continue;
    const found = await releasesOf(room, pair);
    if (!found.ok) return refuse(call, releaseProblem(found.error));
    all.push(...found.value.items.filter((release) => state === undefined || release.state === state));
    unreadable.push(...found.value.unreadable);
  }
  const begin = place === '' ? 0 : placeBehind(room, all, place);
  const items = all.slice(begin, begin + PAGE);
  const last = items.at(-1);
  const next = begin + PAGE < all.length && last !== undefined ? idOf(last) : null;
  const bad = unreadable.length === 0 ? {} : { unreadable };
  return answerJson<typeof releasePage>({ items, ...bad, cursor: await room.cursors.make(list, next) });
}

async function quarantineRelease(room: MirrorRoom, call: Call): Promise<Response> {
  const release = numbered(room, call);
  if (!release.ok) return refuse(call, release.error);
  const asked = checkShape(quarantineQuery, call.req.query(), 'the query');
  if (!asked.ok) return refuse(call, shapeProblem(asked.error));
  const before = await aliasesNow(room, release.value);
  if (!before.ok) return refuse(call, releaseProblem(before.error));
  // The mark comes first: a publication yields to it, so that a job which goes on does no harm.
  const why = { by: call.var.caller.who, reason: asked.value.reason };
  const done = await quarantine(room, release.value, why, demandsOf(call));
  room.forget(release.value);
  if (!done.ok) return refuse(call, markProblem(done.error));
  const cancelled = await room.jobs.cancel(release.value);
  // A job that cannot be read cannot be cancelled either. The mark alone keeps it from publishing anything.
  if (!cancelled.ok && cancelled.error.reason !== 'stored-malformed')
    return refuse(call, releaseProblem(cancelled.error));
  const after = await aliasesNow(room, release.value);
  if (!after.ok) return refuse(call, releaseProblem(after.error));
  const aliases = [...before.value].map(([alias, named]) => ({
    ...{ alias, before: named },
    after: after.value.get(alias) ?? null,
  }));
  call.set('change', { before: '', after: 'quarantined' });
  const answer = { ...marksOf(done.value), aliases, dryRun: room.isDry };
  return answerJson<typeof quarantined>(answer, 200, { etag: await releaseTag(done.value) });
}

/** What each alias and each ring of a pair names. One that cannot be read is left out: the list of aliases says so. */
async function aliasesNow(room: MirrorRoom, pair: Pair): Promise<Result<Map<string, string | null>, StoreFault>> {
  const records = await room.releases.aliases(pair);
  if (!records.ok) return records;
  const rings = await ringsOf(room, pair);
  if (!rings.ok) return rings;
  const named = new Map<string, string | null>();
  for (const { alias, record } of [...records.value.found, ...rings.value.found]) {
    const view = await viewAlias(room, pair, alias, record);
    if (!view.ok) return view;
    named.set(alias, view.value.version);
  }
  return ok(named);
}

interface Unmet {
  readonly reason: 'precondition';
  readonly is: string;
}

/** Returns what the request demands of a release. One that nothing is known of has no entity tag. */
const demandsOf =
  (call: Call): Demand<Unmet> =>
  async (manifest) => {
    const holds = preconditionOf(call.req.raw.headers);
    const is = holds(manifest === undefined ? undefined : await releaseTag(manifest));
    return is === undefined ? ok(undefined) : err({ reason: 'precondition', is });
  };

const markProblem = (fault: StoreFault | Unmet): Problem =>
  fault.reason === 'precondition'
    ? { code: 'precondition-failed', detail: `${fault.is}; nothing was changed` }
    : releaseProblem(fault);

/** Returns where the release behind `place` is. One that has left the list meanwhile is where the next page begins all the same. */
function placeBehind({ catalogue }: MirrorRoom, all: readonly ReleaseItem[], place: string): number {
  const pairs = catalogue.pairs.map(({ channel, board }) => `${channel}/${board}`);
  const rankOf = (id: string) => pairs.indexOf(id.slice(0, id.lastIndexOf('/')));
  const numberOf = (id: string) => id.slice(id.lastIndexOf('/') + 1) as Version;
  const rank = rankOf(place);
  const found = all.findIndex((release) => {
    const id = idOf(release);
    const own = rankOf(id);
    return own > rank || (own === rank && compareVersions(numberOf(id), numberOf(place)) < 0);
  });
  return found === -1 ? all.length : found;
}

const idOf = ({ channel, board, version }: ReleaseItem): string => `${channel}/${board}/${version}`;

const isSwept = ({ files, quarantinedAt }: Manifest): boolean =>
  quarantinedAt === undefined && Object.keys(files).length === 0;
