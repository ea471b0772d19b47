/** The commands about machines. */
import type { ArgsDef, CommandDef } from 'citty';
import type { CallAnswer } from '../../api/api-client.ts';
import { COMMON, command, DRY, group, SERVICE, table } from '../command.ts';
import { EXIT, Stop, stopOf } from '../terminal.ts';
import { conditions, given, ID, issuedText, MATCH, put, set } from './machine-writes.ts';

const list = command(
  'machines with their states',
  {
    ...{ ...COMMON, ...SERVICE },
    profile: { type: 'string', description: 'only those of this profile' },
    state: { type: 'string', description: 'never-booted, booted, stale, failing, expired; several by comma' },
    fleet: { type: 'string', description: 'only those of this fleet' },
    prefix: { type: 'string', description: 'only ids that begin with it' },
    label: { type: 'string', description: 'only those with these labels, as row=b; several by comma' },
  },
  async ({ args: { profile, fleet, state, prefix, label }, call, show }) => {
    const labels = (label?.split(',') ?? []).map((pair) => [
      `label.${pair.split('=')[0]}`,
      pair.split('=').slice(1).join('='),
    ]);
    const items: CallAnswer<'listMachines'>['items'] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const query = { ...given({ profile, fleet, state, prefix, cursor }), ...Object.fromEntries(labels) };
      const page: CallAnswer<'listMachines'> = await call('listMachines', { query });
      items.push(...page.items);
      cursor = page.cursor;
    }
    show(items, () =>
      table([
        ['ID', 'PROFILE', 'STATE', 'LAST ASKED', 'USER DATA'],
        ...items.map((machine) => [
          ...[machine.id, machine.profiles.join() || '-', machine.state, machine.lastBoot?.at ?? 'never', machine.kind],
        ]),
      ]),
    );
  },
);

const get = command(
  'the record of a machine, its state and its last boots',
  { ...COMMON, ...SERVICE, ...ID },
  async ({ args: { id }, call, show }) => {
    const machine = await call('getMachine', { params: { id } });
    show(machine, () => {
      const boots = machine.boots.map(({ at, what, status, detail, reason }) => [
        at,
        what,
        String(status),
        detail ?? reason ?? '',
      ]);
      const facts = [
        ...[
          ['profiles', machine.profiles.join(', ') || '-'],
          ['hostname', machine.hostname ?? '-'],
          [
            'variables',
            Object.entries(machine.vars)
              .map((pair) => pair.join('='))
              .join(', ') || '-',
          ],
          ['fleet', machine.fleet ?? '-'],
          [
            'known by',
            [...machine.mac, machine.uuid, machine.serial, machine.asset].filter((one) => one !== null).join(', ') ||
              '-',
          ],
          ['state', machine.state],
          ['user data', machine.kind],
        ],
        ...[
          ['generation', String(machine.generation)],
          ['release', `${machine.channel} ${machine.board} ${machine.version}`],
        ],
        ...[
          ['URLs end', machine.expiresAt ?? 'never'],
          ...(machine.once ? [['for one boot', machine.doneAt ?? machine.handedOutAt ?? 'not yet']] : []),
          ...(machine.window === null ? [] : [['open', `${machine.window} s from ${machine.armedAt ?? '-'}`]]),
          ...(machine.doneAt === null ? [] : [['done', machine.doneAt]]),
          ['reads', `Ignition ${machine.reads.version}, specs up to ${machine.reads.spec}`],
          ['its kernel gets', machine.kernelArgs.join(' ') || 'nothing of its own'],
        ],
      ];
      return `${table(facts)}${machine.warnings.map((warning) => `warning: ${warning}\n`).join('')}${boots.length === 0 ? '' : `\n${table(boots)}`}`;
    });
  },
);

const userData = command(
  'print the user data of a machine as it was written',
  { ...SERVICE, ...ID },
  async ({ args: { id }, call, terminal }) => {
    const text: unknown = await call('getMachineUserData', { params: { id } });
    terminal.out(typeof text === 'string' ? text : `${JSON.stringify(text)}\n`);
  },
);

const explain = command(
  'what a machine boots, and which layer set each part; exit 1 where its layers do not merge',
  { ...COMMON, ...SERVICE, ...ID },
  async ({ args: { id }, call, show }) => {
    const explained = await call('explainMachine', { params: { id } });
    show(explained, () =>
      explained.valid
        ? [
            `${JSON.stringify(explained.config, null, 2)}\n`,
            ...explained.parts.map(({ path, layer }) => `${layer.padEnd(14)}${path}\n`),
            ...(explained.kernelArgs.length === 0 ? [] : [`kernel  ${explained.kernelArgs.join(' ')}\n`]),
            ...explained.warnings.map((warning) => `warning: ${warning}\n`),
          ].join('')
        : explained.entries
            .map(({ severity, layer, path, message }) => `${severity}: ${layer}: ${path}: ${message}\n`)
            .join(''),
    );
    if (!explained.valid) throw new Stop(explained.error ?? 'the layers do not merge', EXIT.refused);
  },
);

const token = command(
  'new URLs for a machine',
  {
    ...{ ...COMMON, ...SERVICE, ...DRY, ...ID },
    revoke: { type: 'boolean', description: 'end the older URLs' },
    'expires-in': { type: 'string', description: 'seconds; absent: as those before; never: no end' },
  },
  async ({ args, call, show }) => {
    const seconds = args['expires-in'];
    const expiresIn = seconds === undefined ? {} : { expiresIn: seconds === 'never' ? null : Number(seconds) };
    const issued = await call('issueToken', {
      params: { id: args.id },
      query: args['dry-run'] === true ? { dry_run: '1' } : {},
      body: { revoke: args.revoke === true, ...expiresIn },
    });
    show(issued, () => issuedText(issued));
  },
);

const rearm = command(
  'open the URLs of a machine with once or window for another boot',
  { ...COMMON, ...SERVICE, ...DRY, ...ID },
  async ({ args, call, show }) => {
    const query = args['dry-run'] === true ? ({ dry_run: '1' } as const) : {};
    const issued = await call('rearmMachine', { params: { id: args.id }, query });
    show(issued, () => issuedText(issued));
  },
);

const rm = command(
  'delete a machine; its URLs answer 410',
  { ...COMMON, ...SERVICE, ...DRY, ...ID, 'if-match': MATCH['if-match'] },
  async ({ args, call, show }) => {
    const done = await call('deleteMachine', {
      params: { id: args.id },
      ...conditions(args['if-match'], false),
      query: args['dry-run'] === true ? { dry_run: '1' } : {},
    });
    show(done, () => `${done.dryRun ? 'dry run: ' : ''}${done.id}: deleted\n`);
  },
);

const exportAll = command(
  'every machine as NDJSON, secrets included',
  { ...SERVICE, output: { type: 'string', description: 'a file; else the standard output', valueHint: 'FILE' } },
  async ({ args, client, terminal }) => {
    let text = '';
    for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
      const page = await client().call('exportMachines', { query: cursor === undefined ? {} : { cursor } });
      if (!page.ok) throw stopOf(page.error);
      text += page.value;
      cursor = page.cursor;
    }
    if (args.output === undefined) terminal.out(text);
    else await terminal.write(args.output, text);
  },
);

const LINES = 300;

const importAll = command(
  'machines from an export (- for the standard input)',
  {
    ...{ ...COMMON, ...SERVICE, ...DRY },
    file: { type: 'positional', description: 'the export', required: true },
    'fresh-urls': { type: 'boolean', description: 'no URL of the export goes on' },
  },
  async ({ args, call, terminal, show }) => {
    const lines = new TextDecoder()
      .decode(await terminal.read(args.file))
      .split('\n')
      .filter((line) => line.trim() !== '');
    let imported = 0;
    for (let at = 0; at < lines.length; at += LINES) {
      const done = await call('importMachines', {
        query: {
          ...(args['dry-run'] === true ? { dry_run: '1' } : {}),
          ...(args['fresh-urls'] === true ? { fresh_epochs: '1' } : {}),
        },
        body: lines.slice(at, at + LINES).join('\n'),
      });
      imported += done.imported;
    }
    show(
      { imported, dryRun: args['dry-run'] === true },
      () => `${args['dry-run'] === true ? 'dry run: ' : ''}${imported} machines\n`,
    );
  },
);

export const machine: CommandDef<ArgsDef> = group('machines', {
  ...{ list, get, put, set, explain, token, rearm, rm, 'user-data': userData, export: exportAll, import: importAll },
});
