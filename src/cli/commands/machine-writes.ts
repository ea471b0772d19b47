/** The commands that write machines, and the flags by which they say what a machine is. */
import type { ArgsDef } from 'citty';
import type { CallAnswer } from '../../api/api-client.ts';
import { COMMON, command, DRY, SERVICE, table } from '../command.ts';
import { EXIT, Stop, stopOf, type Terminal } from '../terminal.ts';

export const ID = { id: { type: 'positional', description: 'the machine', required: true } } as const;
const FORMAT = {
  format: { type: 'enum', options: ['ignition', 'butane', 'ct'], description: 'where the file does not say so itself' },
} as const satisfies ArgsDef;
export const MATCH = {
  'if-match': { type: 'string', description: 'only if it still has this ETag', valueHint: 'ETAG' },
  'if-absent': { type: 'boolean', description: 'only if it does not exist yet' },
} as const satisfies ArgsDef;

const SAYS = {
  profiles: {
    type: 'string',
    description: 'its profiles by comma, in the order in which their bases merge; empty for none',
  },
  hostname: { type: 'string', description: 'for /etc/hostname; empty for none' },
  'ssh-keys': {
    type: 'string',
    description: 'public keys for core, one a line, as authorized_keys',
    valueHint: 'FILE',
  },
  attributes: {
    type: 'string',
    description: 'what its metadata service says of it, as name=value, one a line',
    valueHint: 'FILE',
  },
  labels: { type: 'string', description: 'by which lists find it, as name=value by comma' },
  vars: {
    type: 'string',
    description: 'values for the variables of its profiles, as name=value, one a line',
    valueHint: 'FILE',
  },
  fleet: { type: 'string', description: 'by whose URL it may boot; empty for none' },
  mac: { type: 'string', description: 'the addresses of its network cards by comma; empty for none' },
  uuid: { type: 'string', description: 'by which its fleet knows it; empty for none' },
  serial: { type: 'string', description: 'by which its fleet knows it; empty for none' },
  asset: { type: 'string', description: 'by which its fleet knows it; empty for none' },
  once: { type: 'enum', options: ['on', 'off'], description: 'whether its config is for one boot' },
  window: { type: 'string', description: 'seconds after arming for which its URLs answer; empty for always' },
} as const satisfies ArgsDef;

/** Returns the lines of a file; `undefined` without one. */
export async function linesOf(terminal: Terminal, file: string | undefined): Promise<string[] | undefined> {
  if (file === undefined) return undefined;
  const lines = new TextDecoder().decode(await terminal.read(file)).split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

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

export const given = <T extends Readonly<Record<string, unknown>>>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;

export const put = command(
  'create or replace a machine; FILE is its user data (- for the standard input)',
  {
    ...{ ...COMMON, ...SERVICE, ...DRY, ...FORMAT, ...MATCH, ...ID },
    file: { type: 'positional', description: 'the user data; absent for none', required: false },
    empty: { type: 'boolean', description: 'without FILE: take the user data of an existing machine away' },
    profile: { type: 'string', description: 'its profile' },
    ...SAYS,
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
    const { profiles, hostname, fleet } = args;
    const orAbsent = (text: string | undefined) => text || undefined;
    const says = {
      ssh_authorized_key: await linesOf(terminal, args['ssh-keys']),
      vars: await linesOf(terminal, args.vars),
      attribute: await linesOf(terminal, args.attributes),
      label: listOf(args.labels),
      ...{ fleet, mac: listOf(args.mac), uuid: orAbsent(args.uuid), serial: orAbsent(args.serial) },
      ...{ asset: orAbsent(args.asset), window: orAbsent(args.window) },
      once: args.once === undefined ? undefined : args.once === 'on',
    };
    const settings = given({
      ...says,
      profiles,
      hostname,
      profile,
      channel,
      board,
      version,
      ignition,
      format,
      expires_in: args['expires-in'],
    });
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

export const set = command(
  'change a part of a machine; its user data and its URLs stay',
  {
    ...{ ...COMMON, ...SERVICE, ...DRY, ...ID, 'if-match': MATCH['if-match'] },
    profile: { type: 'string', description: 'its profile; empty for none' },
    ...SAYS,
    channel: { type: 'string', description: 'of the release that it boots' },
    board: { type: 'string', description: 'of the release that it boots' },
    version: { type: 'string', description: 'of the release that it boots' },
    ignition: { type: 'string', description: 'the version of Ignition that reads it; empty for that of the release' },
    ...KERNEL,
  },
  async ({ args, call, terminal, show }) => {
    const { id, profile, profiles, hostname, channel, board, version, ignition } = args;
    const pairs = (lines: string[] | undefined) =>
      lines === undefined ? undefined : Object.fromEntries(lines.map(variableOf));
    const orNull = (text: string | undefined) => (text === '' ? null : text);
    const done = await call('patchMachine', {
      params: { id },
      query: args['dry-run'] === true ? { dry_run: '1' } : {},
      body: given({
        ...{ profile: orNull(profile), hostname: orNull(hostname) },
        profiles: profiles?.split(',').filter((name) => name !== ''),
        sshAuthorizedKeys: await linesOf(terminal, args['ssh-keys']),
        vars: pairs(await linesOf(terminal, args.vars)),
        attributes: pairs(await linesOf(terminal, args.attributes)),
        labels: pairs(listOf(args.labels)),
        ...{ fleet: orNull(args.fleet), mac: listOf(args.mac), uuid: orNull(args.uuid) },
        ...{ serial: orNull(args.serial), asset: orNull(args.asset) },
        once: args.once === undefined ? undefined : args.once === 'on',
        window: secondsOf(args.window),
        ...{ channel, board, version, ignition: orNull(ignition) },
        kernelArgs: kernelArgsOf(args['kernel-args']),
      }),
      ...conditions(args['if-match'], false),
    });
    show(done, () => issuedText(done));
  },
);

/** Returns seconds; `null` for an empty text. What is no number must not become a machine that is open for ever. */
function secondsOf(text: string | undefined): number | null | undefined {
  if (text === undefined || text === '') return text === undefined ? undefined : null;
  if (!/^\d{1,9}$/.test(text)) throw new Stop(`--window ${text}: must be whole seconds`, EXIT.usage);
  return Number(text);
}

/** Returns the parts of a text by comma; `undefined` without one. */
export const listOf = (text: string | undefined): string[] | undefined =>
  text?.split(',').filter((part) => part !== '');

/** Returns name and value of a line. */
const variableOf = (line: string): readonly [string, string] => {
  const at = line.indexOf('=');
  if (at === -1) throw new Stop(`${line}: must be name=value`, EXIT.refused);
  return [line.slice(0, at), line.slice(at + 1)];
};

export const conditions = (ifMatch: string | undefined, isAbsent: boolean | undefined) => ({
  ...(ifMatch === undefined ? {} : { ifMatch }),
  ...(isAbsent === true ? { ifNoneMatch: '*' } : {}),
});

/** Returns what a write of a machine is told as: its URLs, warnings and entries. */
export function issuedText({
  id,
  urls,
  isChanged,
  dryRun,
  warnings,
  entries,
  expiresAt,
}: CallAnswer<'putMachine'>): string {
  const what = dryRun ? 'dry run: nothing was stored' : isChanged ? 'stored' : 'nothing is different';
  return [
    `${id}: ${what}; its URLs end ${expiresAt ?? 'never'}\n`,
    ...(urls === null ? [] : [table(Object.entries(urls).map(([what, url]) => [what, url ?? '']))]),
    ...warnings.map((warning) => `warning: ${warning}\n`),
    ...entries.map(({ severity, layer, path, message }) => `${severity}: ${layer}: ${path}: ${message}\n`),
  ].join('');
}
