/** The operator's calls about mirroring, and the two webhooks. */
import { type Context, Hono } from 'hono';
import { changeAlias } from '../releases/current.ts';
import { fitsChannel, isAlias, isVersion, type Pair, type Version } from '../releases/model.ts';
import { releaseProblem } from '../releases/problems.ts';
import { answerJson, apiBody, apiObject, checkShape, shapeProblem } from '../shared/http/api.ts';
import type { LogEvent } from '../shared/log.ts';
import type { Background } from '../shared/platform.ts';
import { type Problem, problemJson } from '../shared/problem.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Release } from './bucket.ts';
import {
  type AliasView,
  aliasParams,
  type ManifestView,
  mirrorParams,
  type PublishedList,
  pinBody,
  type QuarantineMark,
  releaseParams,
} from './call-shapes.ts';
import { viewJob, viewJobs } from './job-view.ts';
import type { StartFault } from './jobs.ts';
import type { PollPorts } from './poll.ts';
import { type Announcement, readGithub, readRelease } from './webhook.ts';
import { quarantine } from './withdrawal.ts';

/** What the routes need: all that the poll has, without a request's own things, and the serving side's memory. */
export interface MirrorRoom extends Omit<PollPorts, 'background' | 'log'> {
  /** This isolate's memory of a manifest, after a change made here. */
  readonly forget: (release: Release) => void;
}

interface Variables {
  log: LogEvent;
  background: Background;
}

type App = Hono<{ Bindings: Env; Variables: Variables }>;
type Call = Context<{ Bindings: Env; Variables: Variables }>;

const WEBHOOK_LIMIT = 64 * 1024;
const BODY_LIMIT = 256 * 1024;
const UNKNOWN: Problem = { code: 'not-found', detail: 'no such channel, board, version or alias' };

/** `/webhooks/github` and `/webhooks/release`: 202 with the jobs that an announcement started or joined. */
export function webhookRoutes(room: MirrorRoom): App {
  const app: App = new Hono();
  for (const [path, read] of [
    ['/github', readGithub],
    ['/release', readRelease],
  ] as const) {
    app.post(path, async (call) => {
      const body = await apiBody(room.platform, call.req.raw, WEBHOOK_LIMIT);
      if (!body.ok) return refuse(call, body.error);
      const announcement = await read(new TextDecoder().decode(body.value), call.req.raw.headers, room.config);
      return announcement.ok ? await announce(room, call, announcement.value) : refuse(call, announcement.error);
    });
    app.all(path, (call) =>
      refuse(call, { code: 'method-not-allowed', detail: 'only POST', headers: { allow: 'POST' } }),
    );
  }
  return app;
}

async function announce(room: MirrorRoom, call: Call, announcement: Announcement): Promise<Response> {
  if (announcement.kind === 'ping') return answerJson({ pong: true });
  if (announcement.kind === 'ignored') return answerJson({ ignored: announcement.why }, 202);
  const jobs = [];
  for (const pair of announcement.pairs) {
    const started = await room.jobs.start({ ...pair, version: announcement.version }, 'webhook');
    if (started.ok) jobs.push({ ...started.value.job, wanted: undefined, movesAlias: undefined, token: undefined });
    else if (started.error.reason !== 'quarantined') return refuse(call, startProblem(started.error));
  }
  return answerJson({ jobs }, 202);
}

/** `/api/mirrors`. */
export function mirrorRoutes(room: MirrorRoom): App {
  const app: App = new Hono();
  app.get('/', async (call) => {
    const views = await viewJobs(room.store, room.config);
    return views.ok ? answerJson(views.value) : refuse(call, releaseProblem(views.error));
  });
  app.put('/:channel/:board/:version', async (call) => {
    const release = await resolved(room, call);
    if (!release.ok) return refuse(call, release.error);
    const { alias, ...named } = release.value;
    if (alias !== undefined) {
      // Upstream's word is no explicit wish to have back what was taken out.
      const manifest = await room.store.manifest(named).read();
      if (!manifest.ok) return refuse(call, releaseProblem(manifest.error));
      if (manifest.value?.value.quarantinedAt !== undefined)
        return refuse(call, startProblem({ reason: 'quarantined' }));
    }
    const started = await room.jobs.start(named, 'operator', alias === 'current' ? undefined : alias);
    if (!started.ok) return refuse(call, startProblem(started.error));
    room.forget(named);
    return await showJob(room, call, named, 202);
  });
  app.get('/:channel/:board/:version', async (call) => {
    const release = await resolved(room, call);
    return release.ok ? await showJob(room, call, release.value, 200) : refuse(call, release.error);
  });
  app.delete('/:channel/:board/:version', async (call) => {
    const release = await resolved(room, call);
    if (!release.ok) return refuse(call, release.error);
    const cancelled = await room.jobs.cancel(release.value);
    if (!cancelled.ok) return refuse(call, releaseProblem(cancelled.error));
    return await showJob(room, call, release.value, 200);
  });
  return app;
}

async function showJob({ store }: MirrorRoom, call: Call, release: Release, status: 200 | 202): Promise<Response> {
  const view = await viewJob(store, release);
  if (!view.ok) return refuse(call, releaseProblem(view.error));
  return view.value === undefined
    ? refuse(call, { code: 'not-found', detail: 'no job for this release' })
    : answerJson(view.value, status);
}

/** `/api/releases`. */
export function publishedRoutes(room: MirrorRoom): App {
  const app: App = new Hono();
  app.get('/', async (call) => {
    const releases: PublishedList['releases'] = [];
    const aliases: PublishedList['aliases'] = [];
    for (const pair of pairsOf(room)) {
      const [index, records] = await Promise.all([room.releases.index(pair), room.releases.aliases(pair)]);
      if (!index.ok) return refuse(call, releaseProblem(index.error));
      if (!records.ok) return refuse(call, releaseProblem(records.error));
      aliases.push(...records.value.map(({ alias, record }) => ({ ...pair, alias, ...record })));
      for (const { version, publishedAt, files } of index.value.releases) {
        const named = records.value.filter(({ record }) => (record.pin ?? record.version) === version);
        const isFloor = records.value.some(({ record }) => record.floor === version);
        const isPinned = named.some(({ record }) => record.pin === version);
        const names = named.map(({ alias }) => alias);
        releases.push({
          ...pair,
          version,
          publishedAt,
          files: Object.keys(files).length,
          aliases: names,
          pin: isPinned,
          floor: isFloor,
        });
      }
    }
    return answerJson({ releases, aliases } satisfies PublishedList);
  });
  app.get('/:channel/:board/:version', async (call) => {
    const release = numbered(room, call);
    if (!release.ok) return refuse(call, release.error);
    const manifest = await room.store.manifest(release.value).read();
    if (!manifest.ok) return refuse(call, releaseProblem(manifest.error));
    if (manifest.value === undefined) return refuse(call, UNKNOWN);
    const { files, ...rest } = manifest.value.value;
    const shown = Object.entries(files).map(([name, { key: _key, etag: _etag, ...file }]) => ({ name, ...file }));
    return answerJson({ ...rest, files: shown } satisfies ManifestView);
  });
  app.delete('/:channel/:board/:version', async (call) => {
    const release = numbered(room, call);
    if (!release.ok) return refuse(call, release.error);
    const cancelled = await room.jobs.cancel(release.value);
    if (!cancelled.ok) return refuse(call, releaseProblem(cancelled.error));
    const taken = await quarantine(room, release.value);
    if (!taken.ok) return refuse(call, releaseProblem(taken.error));
    room.forget(release.value);
    if (taken.value === undefined)
      return refuse(call, { code: 'not-found', detail: 'this release is not published here' });
    const { files: _files, ...mark } = taken.value;
    return answerJson(mark satisfies QuarantineMark);
  });
  return app;
}

/** `/api/aliases`: pin and unpin. */
export function aliasRoutes(room: MirrorRoom): App {
  const app: App = new Hono();
  app.get('/:channel/:board/:alias', async (call) => {
    const named = aliasOf(room, call);
    if (!named.ok) return refuse(call, named.error);
    const stored = await room.releases.alias(named.value, named.value.alias);
    return stored.ok
      ? answerJson({ ...named.value, ...stored.value.record } satisfies AliasView)
      : refuse(call, releaseProblem(stored.error));
  });
  app.put('/:channel/:board/:alias', async (call) => {
    const named = aliasOf(room, call);
    if (!named.ok) return refuse(call, named.error);
    const body = await apiBody(room.platform, call.req.raw, BODY_LIMIT);
    const version = body.ok ? readPin(body.value) : body;
    if (!version.ok) return refuse(call, version.error);
    const index = await room.releases.index(named.value);
    if (!index.ok) return refuse(call, releaseProblem(index.error));
    if (!index.value.releases.some((release) => release.version === version.value)) {
      return refuse(call, { code: 'invalid', detail: `version: ${version.value} is not published here` });
    }
    return await setPin(room, call, named.value, version.value);
  });
  app.delete('/:channel/:board/:alias', async (call) => {
    const named = aliasOf(room, call);
    return named.ok ? await setPin(room, call, named.value, null) : refuse(call, named.error);
  });
  return app;
}

async function setPin(
  room: MirrorRoom,
  call: Call,
  named: Pair & { alias: Parameters<typeof changeAlias>[3] },
  pin: Version | null,
): Promise<Response> {
  const since = new Date(room.platform.now()).toISOString();
  const changed = await changeAlias(room.platform, room.releases, named, named.alias, (record) =>
    record.pin === pin ? record : { ...record, pin, since },
  );
  return changed.ok
    ? answerJson({ ...named, ...changed.value } satisfies AliasView)
    : refuse(call, releaseProblem(changed.error));
}

function readPin(bytes: Uint8Array): Result<Version, Problem> {
  const body = apiObject(bytes);
  if (!body.ok) return body;
  const pin = checkShape(pinBody, body.value);
  return pin.ok ? ok(pin.value.version as Version) : err(shapeProblem(pin.error));
}

const pairsOf = ({ config }: MirrorRoom): Pair[] =>
  config.CHANNELS.flatMap((channel) => config.BOARDS.map((board) => ({ channel, board })));

const isServed = ({ config }: MirrorRoom, { channel, board }: Pair): boolean =>
  config.CHANNELS.includes(channel) && config.BOARDS.includes(board);

function numbered(room: MirrorRoom, call: Call): Result<Release, Problem> {
  const named = checkShape(releaseParams, call.req.param());
  if (!named.ok || !isServed(room, named.value) || !isVersion(named.value.version)) return err(UNKNOWN);
  const { channel, board, version } = named.value;
  if (fitsChannel(channel, version)) return ok({ channel, board, version });
  return err({ code: 'invalid', detail: `version: ${version} is not of channel ${channel}` });
}

function aliasOf(room: MirrorRoom, call: Call) {
  const named = checkShape(aliasParams, call.req.param());
  if (!named.ok || !isServed(room, named.value) || !isAlias(named.value.alias)) return err(UNKNOWN);
  const { channel, board, alias } = named.value;
  return ok({ channel, board, alias });
}

/** A number as it stands; an alias by upstream's verified word, which is what one mirrors. */
async function resolved(room: MirrorRoom, call: Call) {
  const asked = checkShape(mirrorParams, call.req.param());
  if (!asked.ok || !isServed(room, asked.value)) return err(UNKNOWN);
  const { channel, board, version: alias } = asked.value;
  if (!isAlias(alias)) {
    const release = numbered(room, call);
    return release.ok ? ok({ ...release.value, alias: undefined }) : release;
  }
  const record = await room.releases.alias({ channel, board }, alias);
  if (!record.ok) return err(releaseProblem(record.error));
  const where = { channel, board, version: alias, file: 'version.txt' };
  const text = await room.versions.read(where, record.value.record.floor, call.var.background);
  return text.ok ? ok({ channel, board, version: text.value.version, alias }) : err(releaseProblem(text.error));
}

const startProblem = (fault: StartFault): Problem =>
  fault.reason === 'quarantined' ? { code: 'conflict', detail: 'this release is quarantined' } : releaseProblem(fault);

function refuse(call: Call, problem: Problem): Response {
  call.var.log.set({ problem: problem.code, detail: problem.detail });
  return problemJson(problem, new URL(call.req.url).pathname);
}
