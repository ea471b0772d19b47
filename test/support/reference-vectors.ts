/** The answers of the reference implementations, where the folder beside the project holds them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FIXTURES = join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures');

/** Returns the vectors of these files, such as `ignition/vectors.json`; none where the files are not there. */
export const vectorsIn = <T>(...names: readonly string[]): T[] =>
  names.flatMap((name) => {
    const file = join(FIXTURES, name);
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T[]) : [];
  });

export interface Message {
  readonly kind: string;
  readonly path: string;
  readonly line?: number;
  readonly column?: number;
}

type Entry = { readonly severity: string; readonly path: string; readonly line?: number; readonly column?: number };

/**
 * Returns what we say and what the reference says, to be compared: severities and paths, and the places in spec 3. The
 * reference has no paths for spec 2, and no message at all where it ends in a panic.
 */
export function compared(entries: readonly Entry[], messages: readonly Message[], text: string) {
  const own = entries.filter(({ severity }) => severity !== 'info');
  const isSpec2 = messages.every(({ path }) => path === '$') && own.some(({ path }) => path !== '$');
  if (isSpec2 || messages.length === 0) {
    const told = (kinds: readonly string[]) => (messages.length === 0 ? [] : [...new Set(kinds)].sort());
    return {
      ours: told(own.map(({ severity }) => severity)),
      theirs: told(messages.map(({ kind }) => kind)),
    };
  }
  const hasPlaces = messages.every(({ line = 0 }) => line > 0);
  const place = (line = 0, column = 0) => (hasPlaces ? ` ${line}:${column}` : '');
  const ours = own.map(({ severity, path, line, column }) => `${severity} ${path}${place(line, column)}`);
  const theirs = messages.map(({ kind, path, line, column = 0 }) => {
    const at = offsetOf(text, line ?? 1, column);
    // The reference points one column behind the brace of an object.
    const isBehindBrace = kind === 'error' && text[at - 1] === '{';
    return `${kind} ${path.replace(/^\$\./, '')}${place(line, isBehindBrace ? column - 1 : column)}`;
  });
  return { ours: ours.sort(), theirs: theirs.sort() };
}

/** Returns the offset of a place whose column counts bytes. */
function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split('\n');
  const before = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
  const bytes = new TextEncoder().encode(lines[line - 1] ?? '').subarray(0, Math.max(column - 1, 0));
  return before + new TextDecoder().decode(bytes).length;
}
