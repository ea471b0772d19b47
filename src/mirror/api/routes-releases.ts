/** The operator's calls about published releases: the list, one manifest, quarantine. */
import { Hono } from 'hono';
import { releaseProblem } from '../../releases/serve/problems.ts';
import { type Manifest, publicFile } from '../../releases/store/manifest.ts';
import { answerJson } from '../../shared/http/api.ts';
import type { App } from '../../shared/http/call.ts';
import { quarantine } from '../withdrawal.ts';
import type { manifestView, PublishedList, publishedList, QuarantineMark, quarantineMark } from './call-shapes.ts';
import { aliasFields, type MirrorRoom, numbered, refuse, UNKNOWN } from './room.ts';

/** Returns the routes below `/api/releases`. */
export function publishedRoutes(room: MirrorRoom): App {
  const app: App = new Hono();
  app.get('/', async (call) => {
    const releases: PublishedList['releases'] = [];
    const aliases: PublishedList['aliases'] = [];
    const unreadable: NonNullable<PublishedList['unreadable']> = [];
    for (const pair of room.catalogue.pairs) {
      const [index, records] = await Promise.all([room.releases.index(pair), room.releases.aliases(pair)]);
      if (!records.ok) return refuse(call, releaseProblem(records.error));
      const { found } = records.value;
      const path = `${pair.channel}/${pair.board}`;
      unreadable.push(
        ...records.value.unreadable.map(({ alias, detail }) => ({ id: `${path}/${alias}`, reason: detail })),
      );
      aliases.push(...found.map(({ alias, record }) => ({ ...pair, alias, ...aliasFields(record) })));
      if (!index.ok) {
        if (index.error.reason !== 'stored-malformed') return refuse(call, releaseProblem(index.error));
        unreadable.push({ id: path, reason: index.error.detail });
      }
      for (const { version, publishedAt, files } of index.ok ? index.value.releases : []) {
        const naming = found.filter(({ record }) => (record.pin ?? record.version) === version);
        const isFloor = found.some(({ record }) => record.floor === version);
        const isPinned = naming.some(({ record }) => record.pin === version);
        releases.push({
          ...pair,
          version,
          publishedAt,
          files: Object.keys(files).length,
          aliases: naming.map(({ alias }) => alias),
          pin: isPinned,
          floor: isFloor,
        });
      }
    }
    return answerJson<typeof publishedList>({
      ...{ releases, aliases },
      ...(unreadable.length === 0 ? {} : { unreadable }),
    });
  });
  app.get('/:channel/:board/:version', async (call) => {
    const release = numbered(room, call);
    if (!release.ok) return refuse(call, release.error);
    const manifest = await room.releases.manifestDocument(release.value).read();
    if (!manifest.ok) return refuse(call, releaseProblem(manifest.error));
    const stored = manifest.value?.value;
    if (stored === undefined || isSwept(stored)) return refuse(call, UNKNOWN);
    const files = Object.entries(stored.files).map(([name, file]) => ({ name, ...publicFile(file) }));
    return answerJson<typeof manifestView>({ ...marksOf(stored), files });
  });
  app.delete('/:channel/:board/:version', async (call) => {
    const release = numbered(room, call);
    if (!release.ok) return refuse(call, release.error);
    // The mark comes first: a publication yields to it, so that a job which goes on does no harm.
    const quarantined = await quarantine(room, release.value);
    room.forget(release.value);
    if (!quarantined.ok) return refuse(call, releaseProblem(quarantined.error));
    const cancelled = await room.jobs.cancel(release.value);
    // A job that cannot be read cannot be cancelled either. The mark alone keeps it from publishing anything.
    if (!cancelled.ok && cancelled.error.reason !== 'stored-malformed')
      return refuse(call, releaseProblem(cancelled.error));
    return answerJson<typeof quarantineMark>(marksOf(quarantined.value));
  });
  return app;
}

const isSwept = ({ files, quarantinedAt }: Manifest): boolean =>
  quarantinedAt === undefined && Object.keys(files).length === 0;

/** The public fields of a manifest without its files. It names each field, so that other fields stay private. */
function marksOf({ channel, board, version, publishedAt, distrusted, quarantinedAt }: Manifest): QuarantineMark {
  return {
    channel,
    board,
    version,
    publishedAt,
    ...(distrusted === undefined ? {} : { distrusted: { fingerprint: distrusted.fingerprint, at: distrusted.at } }),
    ...(quarantinedAt === undefined ? {} : { quarantinedAt }),
  };
}
