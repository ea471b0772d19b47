/** Butane's own answers, where the folder beside the project holds them. */
import { describe, expect, it } from 'vitest';
import { transpileButane } from '../../src/butane/butane/transpile.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { gzip, readable } from '../support/contents.ts';
import { withoutEmptyObjects } from '../support/json.ts';
import { vectorsIn } from '../support/reference-vectors.ts';

interface Vector {
  readonly name: string;
  readonly yaml: string;
  readonly strict?: boolean;
  readonly ok: boolean;
  readonly errorClass: string | null;
  readonly error: string | null;
  readonly ignition: object | null;
  readonly entries: readonly { severity: string; path: string; line?: number; column?: number }[];
  readonly experimental?: boolean;
}

const vectors = vectorsIn<Vector>('butane/butane.json', 'butane/butane-edge.json');
const CLASSES: readonly [RegExp, string][] = [
  [/^(Error unmarshaling yaml|yaml): /, 'yaml'],
  [/^error parsing variant/, 'variant'],
  [/^error parsing version/, 'version'],
  [/^No translator|^rhcos/, 'translator'],
  [/^source config/, 'source'],
  [/^config generated/, 'generated'],
  [/strict was specified$/, 'strict'],
];

/** The stages whose faults have no entries in Butane. */
const UNREAD = ['yaml', 'variant', 'version', 'translator'];
const lineOf = (error: string | null) => /line (\d+)/.exec(error ?? '')?.[1];

describe.skipIf(vectors.length === 0)('Butane', () => {
  it.each(vectors.filter(({ experimental }) => experimental !== true))('$name', ({ name, yaml, strict, ...wanted }) => {
    const result = transpileButane(yaml, { strict: strict === true, gzip });
    const error = result.ok ? null : result.error.error;
    const errorClass = CLASSES.find(([pattern]) => error !== null && pattern.test(error))?.[1] ?? null;
    expect([result.ok, errorClass]).toEqual([wanted.ok, wanted.errorClass]);
    const entries = result.ok ? result.value.entries : result.error.entries;
    if (errorClass !== null && UNREAD.includes(errorClass)) {
      // Butane tells these in its last line alone.
      expect(entries.map(({ severity, line }) => [severity, typeof line])).toContainEqual(['error', 'number']);
      if (errorClass === 'yaml' && wanted.entries.length === 0) expect(lineOf(error)).toBe(lineOf(wanted.error));
      return;
    }
    // What is wrong inside an inline config has no place of its own.
    const isInner = entries.some(({ line }) => line === undefined);
    const show = ({ severity, path, line, column }: Vector['entries'][number]) =>
      `${severity} ${path.replace(/^\$\./, '')}${isInner ? '' : ` ${line}:${column}`}`;
    // Of a thousand and more entries only the errors are compared: we keep fewer of the others.
    const isLong = name.startsWith('thousand-');
    const kept = (list: readonly Vector['entries'][number][]) =>
      list.filter(({ severity }) => !isLong || severity === 'error').map(show);
    const shown = kept(entries);
    const expected = kept(wanted.entries);
    expect(shown.sort()).toEqual(expected.sort());
    if (!result.ok) return;
    expect(readable(withoutEmptyObjects(result.value.config))).toEqual(readable(withoutEmptyObjects(wanted.ignition)));
    expect(parseConfig(JSON.stringify(result.value.config)).ok).toBe(true);
  });
  it.each(vectors.filter(({ experimental }) => experimental === true))('experimental: $name', ({ yaml }) => {
    expect(transpileButane(yaml, { strict: false, gzip }).ok).toBe(false);
  });
});
