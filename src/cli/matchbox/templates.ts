/** Makes a config of matchbox's, a Go template, into one with variables. Only plain values can be taken. No I/O. */
import { err, ok, type Result } from '../../shared/result.ts';

export interface Template {
  readonly text: string;
  /** The names of the variables that it holds, each once. */
  readonly variables: readonly string[];
}

/** An action of text/template: `{{.name}}`, with blanks and trim marks. Go trims white space at a `-`, which a value must not lose. */
const ACTION = /\{\{(-?)([^{}]{0,500})(-?)\}\}/g;
const PLAIN = /^\s*\.([A-Za-z_][A-Za-z0-9_]{0,62})\s*$/;
const NAME = /^[a-z][a-z0-9_]{0,63}$/;
/** Returns the text with `{{name}}` for each `{{.Name}}`, or why it cannot be taken, with the line. */
export function variablesIn(text: string, isYaml: boolean): Result<Template, string> {
  const variables = new Set<string>();
  const lines: string[] = [];
  let block: number | undefined;
  for (const [at, line] of text.split('\n').entries()) {
    if (block !== undefined && line.trim() !== '' && indentOf(line) <= block) block = undefined;
    const isOutside = isYaml && block === undefined;
    const made = lineOf(line, isOutside, variables);
    if (!made.ok) return err(`line ${at + 1}: ${made.error}`);
    lines.push(made.value);
    if (isOutside && beginsBlock(line)) block = blockIndentOf(line);
  }
  return ok({ text: lines.join('\n'), variables: [...variables] });
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** True for a line after which a text stands as it is, as long as it is indented more: it ends in `|`, `>-` and the like. */
function beginsBlock(line: string): boolean {
  const comment = line.indexOf(' #');
  const words = (comment === -1 ? line : line.slice(0, comment)).trimEnd();
  return /^[|>][-+0-9]{0,2}$/.test(words.slice(words.lastIndexOf(' ') + 1));
}

/** Returns the column of the key, or of the dash, whose text the lines below are. */
function blockIndentOf(line: string): number {
  const key = dashesOf(line);
  return /^[|>]/.test(line.slice(key)) ? line.slice(0, key).lastIndexOf('-') : key;
}

/** Returns where a line begins behind its blanks and the dashes of its items. */
function dashesOf(line: string): number {
  let at = indentOf(line);
  while (line.startsWith('- ', at)) at += 2 + indentOf(line.slice(at + 2));
  return at;
}

/** True where a value begins behind this: a key or a dash, whose value with a brace would be a mapping. */
const beginsScalar = (before: string): boolean => {
  const rest = before.slice(dashesOf(before));
  return rest === '' ? before.includes('-') : /^[\w.-]{1,64}:[ \t]$/.test(rest);
};

function lineOf(line: string, isYaml: boolean, variables: Set<string>): Result<string, string> {
  const odd = [...line.matchAll(ACTION)].find(
    ([, before, inner = '', after]) => !isTakable(inner, `${before}${after}`),
  );
  if (odd !== undefined) return err(`${odd[0]} is no plain value: write it out, or give each part a name of its own`);
  const first = line.search(/\{\{/);
  const made = line.replaceAll(ACTION, (_all, _before, inner: string) => {
    const name = nameOf(inner);
    variables.add(name);
    return `{{${name}}}`;
  });
  if (first === -1) return ok(made);
  if (made.replaceAll(/\{\{[a-z0-9_]+\}\}/g, '').includes('{{')) return err('an action goes over several lines');
  const before = line.slice(0, first);
  if (!isYaml || !(beginsScalar(before) || before.trim() === '')) return ok(made);
  const value = made.slice(first).trimEnd();
  const isPlain = beginsScalar(before) && !/["\\]|[ \t]#|:[ \t]|:$/.test(value);
  return isPlain
    ? ok(`${made.slice(0, first)}"${value}"`)
    : err('a value that begins with {{ must be in quotes, on the line of its key');
}

const isTakable = (inner: string, trims: string): boolean =>
  trims === '' && PLAIN.test(inner) && NAME.test(nameOf(inner));

/** Names of variables are in small letters here. */
const nameOf = (inner: string): string => (PLAIN.exec(inner)?.[1] ?? '').toLowerCase();
