/** The routes of the files that tools fetch from Flatcar's servers beside releases: what of them can be made of what is published here. */
import { Hono } from 'hono';
import type { App, Call } from '../../shared/http/call.ts';
import { methodNotAllowed, problemLine } from '../../shared/problem.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { isMirrored } from '../catalogue.ts';
import { NOT_FOUND } from '../serve/problems.ts';
import type { ReleaseRoom } from '../serve/routes.ts';
import { aliasMeaning } from '../store/alias.ts';
import { EMPTY_PUBLIC_INDEX } from '../store/release-index.ts';
import { answerMade } from './made-answer.ts';
import { channelInfo, ltsInfo, type NamedRelease, releasesJson } from './other-names.ts';

type Room = Pick<ReleaseRoom, 'store' | 'catalogue' | 'platform'>;

const FEED = /^releases-([a-z0-9-]{1,64})\.json$/;

/** Returns the routes `/channel-info.txt`, `/lts-info` and `/releases-json/…`. */
export function otherNamesRoutes(room: Room): App {
  const app: App = new Hono();
  const text = (make: (named: readonly NamedRelease[]) => string) => async (call: Call) => {
    const named = await namedHere(room);
    return await answerMade(room, call, named.ok ? ok(make(named.value)) : named, 'text/plain; charset=utf-8');
  };
  app.on(['GET', 'HEAD'], '/channel-info.txt', text(channelInfo));
  app.on(['GET', 'HEAD'], '/lts-info', text(ltsInfo));
  for (const path of ['/channel-info.txt', '/lts-info', '/releases-json/:name'])
    app.on(['POST', 'PUT', 'PATCH', 'DELETE'], path, ({ req }) =>
      problemLine(methodNotAllowed('GET, HEAD'), req.method),
    );
  app.on(['GET', 'HEAD'], '/releases-json/:name', async (call) => {
    const name = call.req.param('name');
    const channel = FEED.exec(name)?.[1];
    if (name !== 'releases.json' && (channel === undefined || !room.catalogue.channels.includes(channel)))
      return problemLine(NOT_FOUND, call.req.method);
    return await answerMade(room, call, await feed(room, channel), 'application/json');
  });
  return app;
}

async function feed(room: Room, channel: string | undefined): Promise<Result<string, StoreFault>> {
  const stored = await room.store.publicIndex();
  if (!stored.ok) return stored;
  const named = channel === undefined ? ok([]) : await namedHere(room);
  if (!named.ok) return named;
  const current = named.value.find((release) => release.channel === channel && release.alias === 'current')?.version;
  return ok(JSON.stringify(releasesJson(stored.value?.index ?? EMPTY_PUBLIC_INDEX, channel, current)));
}

/** Returns what the aliases that are pinned or mirrored here name, of one board a channel: the originals know no board. */
async function namedHere({ store, catalogue }: Room): Promise<Result<NamedRelease[], StoreFault>> {
  const named = new Map<string, NamedRelease>();
  for (const pair of catalogue.pairs) {
    const aliases = await store.aliases(pair);
    if (!aliases.ok) return aliases;
    for (const { alias, record } of aliases.value.found) {
      const meaning = aliasMeaning(record, isMirrored(catalogue, pair, alias));
      const key = `${pair.channel} ${alias}`;
      if (meaning.kind !== 'release' || named.has(key)) continue;
      named.set(key, { channel: pair.channel, alias, version: meaning.version });
    }
  }
  return ok([...named.values()]);
}
