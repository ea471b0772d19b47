/** Variables as lines that people edit: `name=value`, and `name` alone for one that has no value. No I/O. */

/** Returns the lines. In a value, a new line is written `\n` and a backslash `\\`. */
export const linesOfVariables = (vars: Readonly<Record<string, string | null>>): string =>
  Object.entries(vars)
    .map(([name, value]) => (value === null ? name : `${name}=${escaped(value)}`))
    .join('\n');

/** Returns what the lines say; an empty line says nothing. */
export function variablesOfLines(text: string): Record<string, string | null> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      return at === -1 ? [line.trim(), null] : [line.slice(0, at).trim(), plain(line.slice(at + 1))];
    }),
  );
}

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

const plain = (text: string): string =>
  text.replaceAll(/\\([\\n])/g, (_, sign: string) => (sign === 'n' ? '\n' : '\\'));
