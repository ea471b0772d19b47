/** The commands about releases, aliases and mirror jobs. */
import type { ArgsDef, CommandDef } from 'citty';
import type { CallAnswer } from '../../api/api-client.ts';
import { COMMON, command, DRY, group, SERVICE, table } from '../command.ts';
import { bar, progress } from '../progress.ts';
import { EXIT, Stop } from '../terminal.ts';

type Job = CallAnswer<'getMirror'>;

const PAIR = {
  channel: { type: 'string', description: 'such as stable', default: 'stable' },
  board: { type: 'string', description: 'such as amd64-usr', default: 'amd64-usr' },
} as const satisfies ArgsDef;
const VERSION = { version: { type: 'positional', description: 'such as 4593.2.5', required: true } } as const;
const ALIAS = { alias: { type: 'string', description: 'current or current-YYYY', default: 'current' } } as const;

const dry = (isDry: boolean | undefined) => (isDry === true ? { dry_run: '1' as const } : {});
const notStored = (isDry: boolean): string => (isDry ? 'dry run: ' : '');

const list = command(
  'what is published, quarantined, blocked or distrusted',
  {
    ...{ ...COMMON, ...SERVICE },
    channel: { type: 'string', description: 'only this one' },
    board: { type: 'string', description: 'only this one' },
    state: { type: 'enum', options: ['published', 'quarantined', 'blocked', 'distrusted'], description: 'only these' },
  },
  async ({ args, call, show }) => {
    const { channel, board, state } = args;
    const filter = Object.fromEntries(
      Object.entries({ channel, board, state }).filter(([, value]) => value !== undefined),
    );
    const items: CallAnswer<'listReleases'>['items'] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page: CallAnswer<'listReleases'> = await call('listReleases', {
        query: { ...filter, ...(cursor === undefined ? {} : { cursor }) },
      });
      items.push(...page.items);
      cursor = page.cursor;
    }
    show(items, () =>
      table([
        ['CHANNEL', 'BOARD', 'VERSION', 'STATE', 'FILES', 'NAMED BY', 'WHY'],
        ...items.map((release) => [
          ...[release.channel, release.board, release.version, release.state, String(release.fileCount)],
          ...[release.aliases.join(',') || '-', release.quarantine?.reason ?? ''],
        ]),
      ]),
    );
  },
);

const mirror = command(
  'mirror a release; with --wait until it is complete',
  {
    ...{ ...COMMON, ...SERVICE, ...PAIR, ...DRY },
    version: { type: 'positional', description: 'a version or an alias', required: true },
    wait: { type: 'boolean', description: 'stay until the job has ended; exit 1 unless it is complete' },
  },
  async ({ args, call, show, terminal }) => {
    const { channel, board, version } = args;
    let job: Job = await call('startMirror', { params: { channel, board, version }, query: dry(args['dry-run']) });
    const shown = progress(terminal);
    while (args.wait === true && args['dry-run'] !== true && isActive(job)) {
      shown.show(lineOf(job));
      await terminal.wait(1000);
      job = await call('getMirror', { params: { channel, board, version: job.version } });
    }
    shown.end();
    const ended = job;
    show(
      ended,
      () =>
        `${ended.channel} ${ended.board} ${ended.version}: ${ended.state}${ended.detail === undefined ? '' : ` (${ended.detail})`}\n`,
    );
    if (args.wait === true && args['dry-run'] !== true && ended.state !== 'complete')
      throw new Stop(`${ended.version} was not mirrored: the job is ${ended.state}`, EXIT.refused);
  },
);

const isActive = ({ state }: Job): boolean => state === 'queued' || state === 'running';

function lineOf({ files, version }: Job): string {
  const [bytes, size] = files.reduce<[number, number]>(
    (sum, file) => [sum[0] + file.bytes, sum[1] + file.size],
    [0, 0],
  );
  const done = files.filter(({ state }) => state === 'verified' || state === 'absent').length;
  return `${version} ${bar(size === 0 ? 0 : bytes / size)}, ${done} of ${files.length} files`;
}

const alias = command(
  'what an alias names',
  { ...COMMON, ...SERVICE, ...PAIR, ...ALIAS },
  async ({ args: { channel, board, alias: name }, call, show }) => {
    const shown = await call('getAlias', { params: { channel, board, alias: name } });
    show(
      shown,
      () =>
        `${channel} ${board} ${name}: ${shown.version ?? `nothing (${shown.fault ?? 'not known'})`}${shown.from === null ? '' : `, by ${shown.from}`}\n`,
    );
  },
);

const pin = command(
  'pin an alias to a published release',
  { ...COMMON, ...SERVICE, ...PAIR, ...ALIAS, ...DRY, ...VERSION },
  async ({ args, call, show }) => {
    const { channel, board, alias: name, version } = args;
    const done = await call('pinAlias', {
      params: { channel, board, alias: name },
      query: dry(args['dry-run']),
      body: { version },
    });
    show(
      done,
      () =>
        `${notStored(done.dryRun)}${channel} ${board} ${name}: ${done.before ?? 'nothing'} -> ${done.version ?? 'nothing'}\n`,
    );
  },
);

const unpin = command(
  'unpin an alias',
  { ...COMMON, ...SERVICE, ...PAIR, ...ALIAS, ...DRY },
  async ({ args, call, show }) => {
    const { channel, board, alias: name } = args;
    const done = await call('unpinAlias', { params: { channel, board, alias: name }, query: dry(args['dry-run']) });
    show(
      done,
      () =>
        `${notStored(done.dryRun)}${channel} ${board} ${name}: ${done.before ?? 'nothing'} -> ${done.version ?? 'nothing'}\n`,
    );
  },
);

const quarantine = command(
  'take a release back: out of every alias at once, and served no more',
  {
    ...{ ...COMMON, ...SERVICE, ...PAIR, ...DRY, ...VERSION },
    reason: { type: 'string', description: 'why, for those who find it gone' },
  },
  async ({ args, call, show }) => {
    const { channel, board, version, reason } = args;
    const done = await call('quarantineRelease', {
      params: { channel, board, version },
      query: { ...dry(args['dry-run']), ...(reason === undefined ? {} : { reason }) },
    });
    const moves = done.aliases.filter(({ before, after }) => before !== after);
    show(done, () =>
      [
        `${notStored(done.dryRun)}${channel} ${board} ${version}: ${done.state}\n`,
        ...moves.map(({ alias: name, before, after }) => `${name}: ${before ?? 'nothing'} -> ${after ?? 'nothing'}\n`),
      ].join(''),
    );
  },
);

const lift = command(
  'lift a quarantine; nothing is mirrored by it',
  { ...COMMON, ...SERVICE, ...PAIR, ...DRY, ...VERSION },
  async ({ args, call, show }) => {
    const { channel, board, version } = args;
    const done = await call('liftQuarantine', { params: { channel, board, version }, query: dry(args['dry-run']) });
    show(done, () =>
      [
        `${notStored(done.dryRun)}${channel} ${board} ${version}: lifted, and not mirrored by that\n`,
        `bring it back with: flatcar-edge release mirror ${version} --channel ${channel} --board ${board}\n`,
      ].join(''),
    );
  },
);

export const release: CommandDef<ArgsDef> = group('releases, aliases and mirror jobs', {
  ...{ list, mirror, alias, pin, unpin, quarantine, lift },
});
