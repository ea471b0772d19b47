/** Runs a command line and returns its exit code. */
import { type ArgsDef, type CommandDef, defineCommand, renderUsage, runCommand } from 'citty';
import { nearest } from '../shared/nearest.ts';
import { audit, health, token } from './commands/access.ts';
import { completionOf } from './commands/completion.ts';
import { merge, transpile, validate } from './commands/config.ts';
import { fleet } from './commands/fleet.ts';
import { importOthers } from './commands/import.ts';
import { machine } from './commands/machine.ts';
import { profile } from './commands/profile.ts';
import { release } from './commands/release.ts';
import { EXIT, Stop, type Terminal } from './terminal.ts';

type Command = CommandDef<ArgsDef>;
type Commands = Readonly<Record<string, Command>>;

const commands: Commands = {
  ...{ release, machine, profile, fleet, import: importOthers, token, audit, health },
  ...{ validate, merge, transpile },
  completion: completionOf(() => commands),
};

const EXITS = [
  'Exit codes: 0 done; 1 refused or not valid; 2 the command line is wrong; 3 the service cannot be reached or fails;',
  '4 somebody else has written meanwhile (412).',
  'FLATCAR_EDGE_URL and FLATCAR_EDGE_TOKEN say which service, and as whom. validate, merge and transpile need none.',
].join('\n');

/** Runs `args`, which are without the program's own name. `version` is that of this software. */
export async function run(args: readonly string[], terminal: Terminal, version: string): Promise<number> {
  const root = defineCommand({
    meta: { name: 'flatcar-edge', version, description: 'Flatcar Edge from the command line' },
    subCommands: { ...commands },
  }) as Command;
  try {
    if (args[0] === '--version' || args[0] === '-v') {
      terminal.out(`${version}\n`);
      return EXIT.done;
    }
    const { command, parent, path } = commandOf(root, args);
    const isHelp = args.includes('--help') || args.includes('-h');
    const isGroup = command.subCommands !== undefined;
    if (isHelp || isGroup) {
      const usage = await renderUsage(command, parent);
      const text = `${plain(usage)}\n${command === root ? `\n${EXITS}\n` : ''}`;
      if (isHelp || args.length === 0) terminal.out(text);
      const unknown = args[path.length];
      if (isHelp || args.length === 0) return EXIT.done;
      if (unknown === undefined) {
        terminal.tell(text);
        return EXIT.usage;
      }
      const meant = nearest(unknown, Object.keys(command.subCommands as Commands));
      throw new Stop(
        `unknown command ${[...path, unknown].join(' ')}${meant === undefined ? '' : `; did you mean ${[...path, meant].join(' ')}?`}`,
        EXIT.usage,
      );
    }
    await runCommand(command, { rawArgs: args.slice(path.length), data: terminal });
    return EXIT.done;
  } catch (cause) {
    if (cause instanceof Stop) {
      if (args.includes('--json') && cause.problem !== undefined)
        terminal.out(`${JSON.stringify({ error: cause.problem }, null, 2)}\n`);
      terminal.tell(`${cause.message}\n`);
      return cause.code;
    }
    if (cause instanceof Error && cause.name === 'CLIError') {
      terminal.tell(`${plain(cause.message)}\n`);
      return EXIT.usage;
    }
    throw cause;
  }
}

/** Finds the command that the first words name, and those words. */
function commandOf(
  root: Command,
  args: readonly string[],
): { command: Command; parent: Command | undefined; path: string[] } {
  const path: string[] = [];
  let [command, parent]: [Command, Command | undefined] = [root, undefined];
  for (const word of args) {
    const next = (command.subCommands as Commands | undefined)?.[word];
    if (next === undefined) break;
    [parent, command] = [
      { ...command, meta: { name: ['flatcar-edge', ...path].join(' ') } },
      { ...next, meta: { ...next.meta, name: word } },
    ];
    path.push(word);
  }
  return { command, parent, path };
}

/** Text without the colours of a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one.
const plain = (text: string): string => text.replaceAll(/\u001b\[[0-9;]*m/g, '');
