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
/** Before it, on its line, the key or the dash of a YAML item: a value that begins with a brace would be a mapping. */
const BEGINS_SCALAR = /^[ \t]*(?:- +)*(?:- |[\w.-]{1,64}:[ \t])$/;
/** A line after which a text stands as it is, as long as it is indented more. */
const BEGINS_BLOCK = /(?:^|[ :-])[|>][+-]?\d?[+-]?[ \t]*(?:#.*)?$/;

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
    if (isOutside && BEGINS_BLOCK.test(line)) block = blockIndentOf(line);
  }
  return ok({ text: lines.join('\n'), variables: [...variables] });
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** Returns the column of the key, or of the dash, whose text the lines below are. */
function blockIndentOf(line: string): number {
  const dashes = /^[ \t]*(?:- +)*/.exec(line)?.[0] ?? '';
  return /^[|>]/.test(line.slice(dashes.length)) ? dashes.lastIndexOf('-') : dashes.length;
}

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
  if (!isYaml || /[^ \t-]/.test(before.replace(BEGINS_SCALAR, ''))) return ok(made);
  const value = made.slice(first).trimEnd();
  const isPlain = BEGINS_SCALAR.test(before) && !/["\\]|[ \t]#|:(?:[ \t]|$)/.test(value);
  return isPlain
    ? ok(`${made.slice(0, first)}"${value}"`)
    : err('a value that begins with {{ must be in quotes, on the line of its key');
}

const isTakable = (inner: string, trims: string): boolean =>
  trims === '' && PLAIN.test(inner) && NAME.test(nameOf(inner));

/** Names of variables are in small letters here. */
const nameOf = (inner: string): string => (PLAIN.exec(inner)?.[1] ?? '').toLowerCase();
