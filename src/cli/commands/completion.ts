/** Prints what bash or zsh need to complete commands and flags. It is made from the commands themselves. */
import type { ArgsDef, CommandDef } from 'citty';
import { command } from '../command.ts';
import { EXIT, Stop } from '../terminal.ts';

type Commands = Readonly<Record<string, CommandDef<ArgsDef>>>;

/** Returns the command `completion` for a set of commands. */
export const completionOf = (commands: () => Commands): CommandDef<ArgsDef> =>
  command(
    'print the completion for a shell: source <(flatcar-edge completion bash)',
    { shell: { type: 'positional', description: 'bash or zsh', required: true } },
    async ({ args: { shell }, terminal }) => {
      if (shell !== 'bash' && shell !== 'zsh') throw new Stop(`${shell} is neither bash nor zsh`, EXIT.usage);
      const text = bashCompletion(commands());
      terminal.out(shell === 'bash' ? text : `autoload -U +X bashcompinit && bashcompinit\n${text}`);
    },
  );

/** The words after a command, by the command as it is written: those of its commands, or its flags. */
function wordsOf(commands: Commands): Map<string, readonly string[]> {
  const words = new Map<string, readonly string[]>([['', [...Object.keys(commands), '--help', '--version']]]);
  const walk = (path: string, known: CommandDef<ArgsDef>) => {
    const below = (known.subCommands ?? {}) as Commands;
    const args = (known.args ?? {}) as ArgsDef;
    const flags = Object.keys(args).filter((name) => args[name]?.type !== 'positional');
    words.set(path, Object.keys(below).length > 0 ? Object.keys(below) : flags.map((name) => `--${name}`));
    for (const [name, next] of Object.entries(below)) walk(`${path} ${name}`, next);
  };
  for (const [name, next] of Object.entries(commands)) walk(name, next);
  return words;
}

function bashCompletion(commands: Commands): string {
  const words = [...wordsOf(commands)];
  const caseOf = ([path, known]: readonly [string, readonly string[]]) =>
    `    '${path}') words='${known.join(' ')}' ;;`;
  const single = words.filter(([path]) => path !== '' && !path.includes(' '));
  return `_flatcar_edge() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) [ "$(echo "$path" | wc -w)" -lt 2 ] && path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${words.map(caseOf).join('\n')}
    *) words="" ;;
  esac
  # A name that was typed after a command leaves its flags to be completed.
  if [ -z "$words" ]; then
    case "\${path%% *}" in
${single.map(caseOf).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ -n "$words" ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o default -F _flatcar_edge flatcar-edge
`;
}
