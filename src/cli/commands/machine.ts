/** The commands about machines. */
import type { ArgsDef, CommandDef } from 'citty';
import type { CallAnswer } from '../../api/api-client.ts';
import { COMMON, command, DRY, group, SERVICE, table } from '../command.ts';
import { EXIT, Stop, stopOf } from '../terminal.ts';

const ID = { id: { type: 'positional', description: 'the machine', required: true } } as const;
const FORMAT = {
  format: { type: 'enum', options: ['ignition', 'butane', 'ct'], description: 'where the file does not say so itself' },
} as const satisfies ArgsDef;
const MATCH = {
  'if-match': { type: 'string', description: 'only if it still has this ETag', valueHint: 'ETAG' },
  'if-absent': { type: 'boolean', description: 'only if it does not exist yet' },
} as const satisfies ArgsDef;

export const KERNEL = {
  'kernel-args': {
    type: 'string',
    description: 'what the kernel gets, in one text, such as "console=ttyS0,115200 quiet"; empty for nothing',
    valueHint: 'ARGS',
  },
} as const satisfies ArgsDef;

/** Returns the arguments of a text; `undefined` without one. */
export const kernelArgsOf = (text: string | undefined): string[] | undefined =>
  text?.split(' ').filter((argument) => argument !== '');

const given = <T extends Readonly<Record<string, unknown>>>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;

const list = command(
  'machines with their states',
  {
    ...{ ...COMMON, ...SERVICE },
    profile: { type: 'string', description: 'only those of this profile' },
    state: { type: 'string', description: 'never-booted, booted, stale, failing, expired; several by comma' },
    prefix: { type: 'string', description: 'only ids that begin with it' },
  },
  async ({ args: { profile, state, prefix }, call, show }) => {
    const items: CallAnswer<'listMachines'>['items'] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const query = given({ profile, state, prefix, cursor });
      const page: CallAnswer<'listMachines'> = await call('listMachines', { query });
      items.push(...page.items);
      cursor = page.cursor;
    }
    show(items, () =>
      table([
        ['ID', 'PROFILE', 'STATE', 'LAST ASKED', 'USER DATA'],
        ...items.map((machine) => [
          ...[machine.id, machine.profile ?? '-', machine.state, machine.lastBoot?.at ?? 'never', machine.kind],
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
          ['profile', machine.profile ?? '-'],
          ['state', machine.state],
          ['user data', machine.kind],
        ],
        ...[
          ['generation', String(machine.generation)],
          ['release', `${machine.channel} ${machine.board} ${machine.version}`],
        ],
        ...[
          ['URLs end', machine.expiresAt ?? 'never'],
          ['reads', `Ignition ${machine.reads.version}, specs up to ${machine.reads.spec}`],
          ['its kernel gets', machine.kernelArgs.join(' ') || 'nothing of its own'],
        ],
      ];
      return `${table(facts)}${machine.warnings.map((warning) => `warning: ${warning}\n`).join('')}${boots.length === 0 ? '' : `\n${table(boots)}`}`;
    });
  },
);

const put = command(
  'create or replace a machine; FILE is its user data (- for the standard input)',
  {
    ...{ ...COMMON, ...SERVICE, ...DRY, ...FORMAT, ...MATCH, ...ID },
    file: { type: 'positional', description: 'the user data; absent for none', required: false },
    empty: { type: 'boolean', description: 'without FILE: take the user data of an existing machine away' },
    profile: { type: 'string', description: 'its profile' },
    'expires-in': { type: 'string', description: 'seconds until its URLs end' },
    channel: { type: 'string', description: 'for iPXE' },
    board: { type: 'string', description: 'for iPXE' },
    version: { type: 'string', description: 'for iPXE' },
    ignition: { type: 'string', description: 'the version of Ignition that reads it' },
    ...KERNEL,
  },
  async ({ args, client, terminal, show }) => {
    const { id, file, profile, channel, board, version, ignition, format } = args;
    const body = file === undefined ? '' : await terminal.read(file);
    // Whoever only means to change a profile must not take the user data away.
    const isNew = file === undefined && args.empty !== true && args['if-match'] === undefined;
    const settings = given({ profile, channel, board, version, ignition, format, expires_in: args['expires-in'] });
    const kernel = kernelArgsOf(args['kernel-args']) ?? [];
    const query = { ...settings, ...(kernel.length === 0 ? {} : { kernel_arg: kernel }) };
    const done = await client().call('putMachine', {
      params: { id },
      query: { ...query, ...(args['dry-run'] === true ? { dry_run: '1' } : {}) },
      body,
      ...conditions(args['if-match'], args['if-absent'] === true || isNew),
    });
    if (!done.ok && done.error.reason === 'refused' && done.error.status === 412 && isNew)
      throw new Stop(
        `${id} exists already: give FILE, change a part with machine set, or take its user data away with --empty`,
        EXIT.overtaken,
      );
    if (!done.ok) throw stopOf(done.error);
    show(done.value, () => issuedText(done.value));
  },
);

const set = command(
  'change a part of a machine; its user data and its URLs stay',
  {
    ...{ ...COMMON, ...SERVICE, ...DRY, ...ID, 'if-match': MATCH['if-match'] },
    profile: { type: 'string', description: 'its profile; empty for none' },
    channel: { type: 'string', description: 'of the release that it boots' },
    board: { type: 'string', description: 'of the release that it boots' },
    version: { type: 'string', description: 'of the release that it boots' },
    ignition: { type: 'string', description: 'the version of Ignition that reads it; empty for that of the release' },
    ...KERNEL,
  },
  async ({ args, call, show }) => {
    const { id, profile, channel, board, version, ignition } = args;
    const orNull = (text: string | undefined) => (text === '' ? null : text);
    const done = await call('patchMachine', {
      params: { id },
      query: args['dry-run'] === true ? { dry_run: '1' } : {},
      body: given({
        ...{ profile: orNull(profile), channel, board, version, ignition: orNull(ignition) },
        kernelArgs: kernelArgsOf(args['kernel-args']),
      }),
      ...conditions(args['if-match'], false),
    });
    show(done, () => issuedText(done));
  },
);

const conditions = (ifMatch: string | undefined, isAbsent: boolean | undefined) => ({
  ...(ifMatch === undefined ? {} : { ifMatch }),
  ...(isAbsent === true ? { ifNoneMatch: '*' } : {}),
});

function issuedText({ id, urls, isChanged, dryRun, warnings, entries, expiresAt }: CallAnswer<'putMachine'>): string {
  const what = dryRun ? 'dry run: nothing was stored' : isChanged ? 'stored' : 'nothing is different';
  return [
    `${id}: ${what}; its URLs end ${expiresAt ?? 'never'}\n`,
    ...(urls === null ? [] : [table(Object.entries(urls).map(([what, url]) => [what, url ?? '']))]),
    ...warnings.map((warning) => `warning: ${warning}\n`),
    ...entries.map(({ severity, layer, path, message }) => `${severity}: ${layer}: ${path}: ${message}\n`),
  ].join('');
}

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
            ...explained.parts.map(({ path, layer }) => `${layer.padEnd(8)}${path}\n`),
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
  ...{ list, get, put, set, explain, token, rm, 'user-data': userData, export: exportAll, import: importAll },
});
