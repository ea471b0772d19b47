/** The operator's calls about aliases: list them, show one, pin it, unpin it. */
import { Hono } from 'hono';
import { type Alias, isRing, type Pair, type Version } from '../../releases/model.ts';
import { releaseProblem } from '../../releases/serve/problems.ts';
import { type AliasRecord, isMade } from '../../releases/store/alias.ts';
import { answerJson, apiBody, apiObject, checkShape, shapeProblem } from '../../shared/http/api.ts';
import type { App, Call } from '../../shared/http/call.ts';
import { isNotModified, preconditionOf } from '../../shared/http/precondition.ts';
import { fieldProblem, type Problem } from '../../shared/problem.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { endRing, followAlias, type PinFault, pinAlias, unpinAlias } from '../pin.ts';
import { aliasTag, ringsOf, viewAlias } from './alias-view.ts';
import {
  type AliasView,
  type aliasPage,
  aliasQuery,
  type aliasView,
  liftBody,
  pinBody,
  type pinned,
} from './call-shapes.ts';
import { gatePin, gateUnpinned } from './gate-pin.ts';
import { aliasOf, type MirrorRoom, NO_CURSOR, refuse } from './room.ts';

const BODY_LIMIT = 256 * 1024;

/** Returns the routes below `/api/aliases`. */
export function aliasRoutes(room: MirrorRoom): App {
  const app: App = new Hono();
  app.get('/', (call) => listAliases(room, call));
  app.get('/:channel/:board/:alias', async (call) => {
    const target = aliasOf(room, call);
    if (!target.ok) return refuse(call, target.error);
    const stored = await room.releases.alias(target.value, target.value.alias);
    if (!stored.ok) return refuse(call, releaseProblem(stored.error));
    if (isNoRing(target.value.alias, stored.value)) return refuse(call, NO_SUCH_RING);
    const etag = await aliasTag(stored.value);
    if (isNotModified(call.req.raw.headers, etag)) return new Response(null, { status: 304, headers: { etag } });
    const view = await viewAlias(room, target.value, target.value.alias, stored.value);
    if (!view.ok) return refuse(call, releaseProblem(view.error));
    return answerJson<typeof aliasView>(view.value, 200, { etag });
  });
  app.put('/:channel/:board/:alias', async (call) => {
    const body = await apiBody(room.platform, call.req.raw, BODY_LIMIT);
    const wish = body.ok ? readPin(body.value) : body;
    if (!wish.ok) return refuse(call, wish.error);
    const { version, ring } = wish.value;
    return await changed(room, call, async (target) => {
      const holds = preconditionOf(call.req.raw.headers);
      if (ring !== undefined) {
        if (!isRing(target.alias)) return err(NO_RING);
        const held = await gateUnpinned(room, target, ring, isForced(call));
        if (!held.ok) return held;
        const done = await followAlias(room, target, target.alias, ring, async (record) =>
          holds(await aliasTag(record)),
        );
        return done.ok ? done : err(pinProblem(done.error));
      }
      const index = await room.releases.index(target);
      if (!index.ok) return err(releaseProblem(index.error));
      if (!index.value.releases.some((release) => release.version === version))
        return err(await notPublished(room, target, version));
      const held = await gatePin(room.publisher, { ...target, version }, target.alias, isForced(call));
      if (!held.ok) return held;
      const done = await pinAlias(room, target, target.alias, version, async (record) => holds(await aliasTag(record)));
      return done.ok ? done : err(pinProblem(done.error));
    });
  });
  app.post('/:channel/:board/:alias/lift', async (call) => {
    const body = await apiBody(room.platform, call.req.raw, BODY_LIMIT);
    const read = body.ok ? apiObject(body.value) : body;
    const wish = read.ok ? checkShape(liftBody, read.value) : read;
    if (!wish.ok) return refuse(call, 'code' in wish.error ? wish.error : shapeProblem(wish.error));
    const version = wish.value.version as Version;
    return await changed(room, call, async (target) => {
      const lifted = await room.publisher.lift({ ...target, version }, target.alias);
      if (!lifted.ok) return err(releaseProblem(lifted.error));
      return lifted.value
        ? ok(undefined)
        : err({ code: 'not-found', detail: `version: nothing holds ${target.alias} back from ${version}` });
    });
  });
  app.delete('/:channel/:board/:alias', async (call) => {
    const holds = preconditionOf(call.req.raw.headers);
    return await changed(room, call, async (target) => {
      const stored = await room.releases.alias(target, target.alias);
      if (!stored.ok) return err(releaseProblem(stored.error));
      if (isNoRing(target.alias, stored.value)) return err(NO_SUCH_RING);
      // Who ends a ring wants it to name nothing.
      const held = isRing(target.alias) ? ok(undefined) : await gateUnpinned(room, target, undefined, isForced(call));
      if (!held.ok) return held;
      const end = isRing(target.alias) ? endRing : unpinAlias;
      const done = await end(room, target, target.alias, async (record) => holds(await aliasTag(record)));
      return done.ok ? done : err(pinProblem(done.error));
    });
  });
  return app;
}

/** True for a call that overrules the gate. */
const isForced = (call: Call): boolean => ['1', 'true'].includes(call.req.query('force') ?? '');

type Target = Pair & { readonly alias: Alias };

/** Makes a change, and answers with what the alias names after it and named before. */
async function changed(
  room: MirrorRoom,
  call: Call,
  work: (target: Target) => Promise<Result<unknown, Problem>>,
): Promise<Response> {
  const target = aliasOf(room, call);
  if (!target.ok) return refuse(call, target.error);
  const { alias } = target.value;
  const old = await room.releases.alias(target.value, alias);
  const before = old.ok ? await viewAlias(room, target.value, alias, old.value) : old;
  if (!before.ok) return refuse(call, releaseProblem(before.error));
  const done = await work(target.value);
  if (!done.ok) return refuse(call, done.error);
  // The move is stored. What cannot be told now is told by the next round of the poll.
  await room.publisher.tellMoves(target.value);
  const stored = await room.releases.alias(target.value, alias);
  const after = stored.ok ? await viewAlias(room, target.value, alias, stored.value) : stored;
  if (!stored.ok) return refuse(call, releaseProblem(stored.error));
  if (!after.ok) return refuse(call, releaseProblem(after.error));
  const [from, to] = [before.value.version, after.value.version];
  call.set('change', { before: from ?? '', after: to ?? '' });
  const answer = { ...after.value, before: from, dryRun: room.isDry };
  return answerJson<typeof pinned>(answer, 200, { etag: await aliasTag(stored.value) });
}

async function listAliases(room: MirrorRoom, call: Call): Promise<Response> {
  const asked = checkShape(aliasQuery, call.req.query(), 'the query');
  if (!asked.ok) return refuse(call, shapeProblem(asked.error));
  // There are a dozen at most, so the first page is the last one.
  if (asked.value.cursor !== undefined) return refuse(call, NO_CURSOR);
  const { channel, board } = asked.value;
  const items: AliasView[] = [];
  const unreadable: { id: string; reason: string }[] = [];
  for (const pair of room.catalogue.pairs) {
    if ((channel ?? pair.channel) !== pair.channel || (board ?? pair.board) !== pair.board) continue;
    const records = await room.releases.aliases(pair);
    if (!records.ok) return refuse(call, releaseProblem(records.error));
    for (const { alias, detail } of records.value.unreadable)
      unreadable.push({ id: `${pair.channel}/${pair.board}/${alias}`, reason: detail });
    const rings = await ringsOf(room, pair);
    if (!rings.ok) return refuse(call, releaseProblem(rings.error));
    unreadable.push(...rings.value.unreadable);
    for (const { alias, record } of [...records.value.found, ...rings.value.found]) {
      const view = await viewAlias(room, pair, alias, record);
      if (!view.ok) return refuse(call, releaseProblem(view.error));
      items.push(view.value);
    }
  }
  const bad = unreadable.length === 0 ? {} : { unreadable };
  return answerJson<typeof aliasPage>({ items, ...bad, cursor: null });
}

/** Says why a version cannot be pinned: it is quarantined, or it was never published here. */
async function notPublished(room: MirrorRoom, pair: Pair, version: Version): Promise<Problem> {
  const manifest = await room.releases.manifest({ ...pair, version });
  const isQuarantined = manifest.ok && manifest.value?.quarantinedAt !== undefined;
  const why = isQuarantined ? 'is quarantined' : 'is not published here; mirror it first';
  return fieldProblem([{ field: 'version', message: `${version} ${why}` }]);
}

function pinProblem(fault: PinFault): Problem {
  if (fault.reason === 'conflict')
    return { code: 'being-removed', detail: 'mirror the release again, then pin the alias to it; nothing was changed' };
  if (fault.reason === 'precondition')
    return { code: 'precondition-failed', detail: `${fault.is}; nothing was changed` };
  return releaseProblem(fault);
}

const NO_SUCH_RING: Problem = { code: 'not-found', detail: 'alias: there is no ring of this name' };

/** True for the name of a ring that nobody made, or that was ended. */
const isNoRing = (alias: Alias, record: AliasRecord): boolean => isRing(alias) && !isMade(record);

const NO_RING: Problem = fieldProblem([
  { field: 'follows', message: 'is for rings: current and current-YYYY follow upstream, or a pin (version)' },
]);

type Wish =
  | { readonly version: Version; readonly ring: undefined }
  | { readonly version: undefined; readonly ring: { readonly follows: string; readonly after: string } };

function readPin(bytes: Uint8Array): Result<Wish, Problem> {
  const body = apiObject(bytes);
  if (!body.ok) return body;
  const pin = checkShape(pinBody, body.value);
  if (!pin.ok) return err(shapeProblem(pin.error));
  const { version, follows = '', after = '' } = pin.value;
  return ok(
    version === undefined ? { version, ring: { follows, after } } : { version: version as Version, ring: undefined },
  );
}
