/** The commands about fleets. */
import type { ArgsDef, CommandDef } from 'citty';
import type { CallAnswer, CallInput } from '../../api/api-client.ts';
import { COMMON, command, DRY, group, SERVICE, table } from '../command.ts';
import { EXIT, Stop } from '../terminal.ts';
import { conditions, given, issuedText, listOf, MATCH } from './machine-writes.ts';

const NAME = { name: { type: 'positional', description: 'the fleet', required: true } } as const;
const dry = (isDry: boolean | undefined) => (isDry === true ? ({ dry_run: '1' } as const) : {});

const list = command('every fleet', { ...COMMON, ...SERVICE }, async ({ call, show }) => {
  const items: CallAnswer<'listFleets'>['items'] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: CallAnswer<'listFleets'> = await call('listFleets', { query: cursor === undefined ? {} : { cursor } });
    items.push(...page.items);
    cursor = page.cursor;
  }
  show(items, () =>
    table([
      ['NAME', 'GENERATION', 'CHANGED'],
      ...items.map(({ name, generation, updatedAt }) => [name, String(generation), updatedAt]),
    ]),
  );
});

const get = command(
  'what a fleet says, as JSON that put takes',
  { ...COMMON, ...SERVICE, ...NAME },
  async ({ args: { name }, call, show }) => {
    const fleet = await call('getFleet', { params: { name } });
    const { name: _name, generation: _generation, createdAt: _created, updatedAt: _updated, ...says } = fleet;
    show(fleet, () => `${JSON.stringify(says, null, 2)}\n`);
  },
);

const put = command(
  'create or replace a fleet; FILE is JSON such as {"profiles": ["web"], "unknown": "wait"} (- for the standard input)',
  {
    ...{ ...COMMON, ...SERVICE, ...DRY, ...MATCH, ...NAME },
    file: { type: 'positional', description: 'what it says', required: true },
  },
  async ({ args, call, terminal, show }) => {
    const text = new TextDecoder().decode(await terminal.read(args.file));
    const made = await call('putFleet', {
      params: { name: args.name },
      query: dry(args['dry-run']),
      body: jsonIn(args.file, text) as CallInput<'putFleet'>['body'],
      ...conditions(args['if-match'], args['if-absent']),
    });
    show(made, () => fleetText(made));
  },
);

function jsonIn(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Stop(`${file} is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, EXIT.usage);
  }
}

function fleetText({ name, urls, isChanged, dryRun }: CallAnswer<'putFleet'>): string {
  const what = dryRun ? 'dry run: nothing was stored' : isChanged ? 'stored' : 'nothing is different';
  return `${name}: ${what}\n${urls === null ? '' : `ipxe  ${urls.ipxe}\n`}`;
}

const token = command(
  'a new URL for a fleet',
  { ...COMMON, ...SERVICE, ...DRY, ...NAME, revoke: { type: 'boolean', description: 'end the older URLs' } },
  async ({ args, call, show }) => {
    const body = { revoke: args.revoke === true };
    const made = await call('issueFleetToken', { params: { name: args.name }, query: dry(args['dry-run']), body });
    show(made, () => fleetText(made));
  },
);

const waiting = command(
  'the machines that wait, and what is wrong with them',
  { ...COMMON, ...SERVICE, ...NAME },
  async ({ args: { name }, call, show }) => {
    const { items } = await call('listWaiting', { params: { name } });
    show(items, () =>
      table([
        ['KEY', 'STATE', 'LAST ASKED', 'SAYS'],
        ...items.map(({ key, state, lastAt, identities, labels, detail }) => [
          ...[key, state, lastAt],
          detail ?? [...Object.entries(identities), ...Object.entries(labels)].map((pair) => pair.join(' ')).join(', '),
        ]),
      ]),
    );
  },
);

const assign = command(
  'make a machine of one that waits; what is absent is as the fleet says',
  {
    ...{ ...COMMON, ...SERVICE, ...DRY, ...NAME },
    key: { type: 'positional', description: 'its key, as waiting shows it', required: true },
    id: { type: 'string', description: 'the id of the machine' },
    profiles: { type: 'string', description: 'its profiles by comma' },
    hostname: { type: 'string', description: 'for /etc/hostname' },
  },
  async ({ args, call, show }) => {
    const made = await call('assignWaiting', {
      params: { name: args.name, key: args.key },
      query: dry(args['dry-run']),
      body: given({ id: args.id, hostname: args.hostname, profiles: listOf(args.profiles) }),
    });
    show(made, () => issuedText(made));
  },
);

const rm = command(
  'delete a fleet; its URLs answer 410, and its machines stay',
  { ...COMMON, ...SERVICE, ...DRY, ...NAME, 'if-match': MATCH['if-match'] },
  async ({ args, call, show }) => {
    const done = await call('deleteFleet', {
      params: { name: args.name },
      query: dry(args['dry-run']),
      ...conditions(args['if-match'], false),
    });
    show(done, () => `${done.dryRun ? 'dry run: ' : ''}${done.name}: deleted\n`);
  },
);

export const fleet: CommandDef<ArgsDef> = group('fleets: one URL for a room of machines', {
  ...{ list, get, put, token, waiting, assign, rm },
});
