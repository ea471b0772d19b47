/** The routes that import tools read: `/streams/{channel}.json` and simplestreams below `/streams/v1/`. */
import { Hono } from 'hono';
import type { App } from '../../shared/http/call.ts';
import { problemLine } from '../../shared/problem.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { isMirrored } from '../catalogue.ts';
import type { Alias } from '../model.ts';
import { NOT_FOUND } from '../serve/problems.ts';
import type { ReleaseRoom } from '../serve/routes.ts';
import { aliasMeaning } from '../store/alias.ts';
import { EMPTY_PUBLIC_INDEX, type PublicIndex } from '../store/release-index.ts';
import { answerMade } from './made-answer.ts';
import { CONTENT_ID, coreosStream, type StreamRelease, simplestreamsIndex, simplestreamsProducts } from './streams.ts';

type Room = Pick<ReleaseRoom, 'store' | 'catalogue' | 'platform' | 'publicUrl' | 'mirrored'>;

const CURRENT = 'current' as Alias;
const CHANNEL_FILE = /^([a-z0-9-]{1,64})\.json$/;
const JSON_TYPE = 'application/json';

/** Returns the routes below `/streams/`; `software` is the version of this software. Of what is not mirrored here they tell nothing: 404. */
export function streamRoutes(room: Room, software: string): App {
  const app: App = new Hono();
  const lists: Readonly<Record<string, (index: PublicIndex) => object>> = {
    'index.json': simplestreamsIndex,
    [`${CONTENT_ID}.json`]: simplestreamsProducts,
  };
  app.on(['GET', 'HEAD'], '/streams/v1/:name', async (call) => {
    const name = call.req.param('name');
    const make = Object.hasOwn(lists, name) ? lists[name] : undefined;
    if (make === undefined) return problemLine(NOT_FOUND, call.req.method);
    const stored = await room.store.publicIndex();
    const text = stored.ok ? ok(JSON.stringify(make(stored.value?.index ?? EMPTY_PUBLIC_INDEX))) : stored;
    return await answerMade(room, call, text, JSON_TYPE);
  });
  app.on(['GET', 'HEAD'], '/streams/:name', async (call) => {
    const channel = CHANNEL_FILE.exec(call.req.param('name'))?.[1] ?? '';
    if (!room.catalogue.channels.includes(channel)) return problemLine(NOT_FOUND, call.req.method);
    const releases = await currentReleases(room, channel);
    const origin = room.publicUrl || new URL(call.req.url).origin;
    const stream =
      releases.ok && releases.value.length > 0 ? coreosStream(channel, releases.value, origin, software) : {};
    return await answerMade(room, call, releases.ok ? ok(JSON.stringify(stream)) : releases, JSON_TYPE);
  });
  return app;
}

/** Returns what `current` names of each board of a channel, where that is mirrored or pinned here. */
async function currentReleases(
  { store, catalogue, mirrored }: Room,
  channel: string,
): Promise<Result<StreamRelease[], StoreFault>> {
  const found: StreamRelease[] = [];
  for (const pair of catalogue.pairs.filter((one) => one.channel === channel)) {
    const alias = await store.alias(pair, CURRENT);
    if (!alias.ok) return alias;
    const meaning = aliasMeaning(alias.value, isMirrored(catalogue, pair, CURRENT));
    if (meaning.kind !== 'release') continue;
    const { version } = meaning;
    const manifest = await mirrored.manifest({ ...pair, version });
    if (!manifest.ok && manifest.error.reason !== 'quarantined') return { ok: false, error: manifest.error };
    if (!manifest.ok || manifest.value === undefined) continue;
    const { publishedAt, files } = manifest.value;
    found.push({ ...pair, version, publishedAt, files });
  }
  return ok(found);
}
