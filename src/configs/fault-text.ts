/** Writes what is wrong with a config as one sentence with its place, for clients that show one sentence only. No I/O. */
import type { Entry } from '../ignition/report.ts';

/** Returns the place of an entry in brackets, such as ` (line 4, column 7)`; an empty text for an entry without one. */
export const placeText = ({ line, column }: Pick<Entry, 'line' | 'column'>): string =>
  line === undefined ? '' : ` (line ${line}${column === undefined ? '' : `, column ${column}`})`;

/**
 * Returns the message of a tool with the first error and its line. Go-yaml names another line than that of the fault for
 * a token in a wrong place; the line of the fault comes first then.
 */
export function transpileText(error: string, entries: readonly Entry[]): string {
  const first = entries.find(({ severity }) => severity === 'error');
  if (first === undefined) return error;
  const { line, path, message } = first;
  const problem = message.replace(GO_LINE, '');
  const text = error.includes(problem) || path !== '$' ? error : `${error}: ${message}`;
  const named = GO_LINE.exec(text);
  if (path !== '$') return `${error}: ${path}: ${message}${placeText(first)}`;
  if (line === undefined) return text;
  if (named === null) return `${text}${placeText(first)}`;
  if (Number(named[1]) === line) return text;
  return `${text.replace(GO_LINE, `line ${line}: `)} (go-yaml counts it as line ${named[1]})`;
}

const GO_LINE = /line (\d+): /;
