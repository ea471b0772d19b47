/** Defines the commands: what they take, what they refuse, and how they show what they got. */
import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs } from 'citty';
import type { ApiClient, CallAnswer, CallInput, CallName } from '../api/api-client.ts';
import { nearest } from '../shared/nearest.ts';
import { clientFor, EXIT, Stop, stopOf, type Terminal } from './terminal.ts';

/** Flags that every command takes. */
export const COMMON = {
  json: { type: 'boolean', description: 'print JSON' },
} as const satisfies ArgsDef;

/** Flags of the commands that call the service. */
export const SERVICE = {
  url: { type: 'string', description: 'the service; else FLATCAR_EDGE_URL', valueHint: 'URL' },
  token: { type: 'string', description: 'the token; else FLATCAR_EDGE_TOKEN', valueHint: 'TOKEN' },
} as const satisfies ArgsDef;

/** The flag of the commands that write. */
export const DRY = {
  'dry-run': { type: 'boolean', description: 'tell what would happen, and store nothing' },
} as const satisfies ArgsDef;

export interface Run<A extends ArgsDef> {
  readonly terminal: Terminal;
  readonly args: ParsedArgs<A>;
  /** Makes a call; a refusal ends the command. */
  readonly call: <N extends CallName>(name: N, input: CallInput<N>) => Promise<CallAnswer<N>>;
  readonly client: () => ApiClient;
  /** Prints the answer: as JSON where that is asked for, else as `text` shows it. */
  readonly show: (answer: unknown, text: () => string) => void;
}

/** Returns a command. It refuses flags that it does not have and arguments that are too many. */
export function command<const A extends ArgsDef>(
  description: string,
  args: A,
  run: (context: Run<A>) => Promise<void>,
): CommandDef<ArgsDef> {
  return defineCommand({
    meta: { description },
    args,
    run: async ({ args: parsed, rawArgs, data }) => {
      refuseUnknown(args, rawArgs, parsed._);
      const terminal = data as Terminal;
      // A variable that was never set must not make a write without a condition.
      if ((parsed as { 'if-match'?: string })['if-match'] === '')
        throw new Stop('--if-match is empty: give an ETag with its quotes', EXIT.usage);
      const flags = parsed as { readonly url?: string; readonly token?: string; readonly json?: boolean };
      const client = () => clientFor(terminal, flags);
      await run({
        terminal,
        args: parsed as ParsedArgs<A>,
        client,
        call: async (name, input) => {
          const answer = await client().call(name, input);
          if (!answer.ok) throw stopOf(answer.error);
          return answer.value;
        },
        show: (answer, text) => terminal.out(flags.json === true ? `${JSON.stringify(answer, null, 2)}\n` : text()),
      });
    },
  }) as unknown as CommandDef<ArgsDef>;
}

/** Returns a command that only holds others. */
export const group = (
  description: string,
  subCommands: Readonly<Record<string, CommandDef<ArgsDef>>>,
): CommandDef<ArgsDef> =>
  defineCommand({ meta: { description }, subCommands: { ...subCommands } }) as CommandDef<ArgsDef>;

/** A flag that is misspelt must not be taken for an absent one. */
function refuseUnknown(args: ArgsDef, rawArgs: readonly string[], rest: readonly string[]): void {
  const names = Object.keys(args).filter((name) => args[name]?.type !== 'positional');
  const end = rawArgs.indexOf('--');
  for (const text of end === -1 ? rawArgs : rawArgs.slice(0, end)) {
    if (!text.startsWith('-') || text === '-') continue;
    const name = text.replace(/^--?(no-)?/, '').split('=', 1)[0] ?? '';
    if (names.includes(name)) continue;
    const meant = nearest(name, names);
    throw new Stop(
      `unknown flag ${text.split('=', 1)[0]}${meant === undefined ? '' : `; did you mean --${meant}?`}`,
      EXIT.usage,
    );
  }
  const positionals = Object.values(args).filter(({ type }) => type === 'positional').length;
  if (rest.length > positionals) throw new Stop(`too many arguments: ${rest.slice(positionals).join(' ')}`, EXIT.usage);
}

/** Returns a table of texts, its columns aligned. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
