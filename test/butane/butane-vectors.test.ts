/** Butane's own answers, where the folder beside the project holds them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { transpileButane } from '../../src/butane/butane/transpile.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { gzip, readable } from '../support/contents.ts';
import { withoutEmptyObjects } from '../support/json.ts';

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

const file = join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures', 'butane', 'butane.json');
const vectors: Vector[] = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Vector[]) : [];
const CLASSES: readonly [RegExp, string][] = [
  [/^(Error unmarshaling yaml|yaml): /, 'yaml'],
  [/^error parsing variant/, 'variant'],
  [/^error parsing version/, 'version'],
  [/^No translator|^rhcos/, 'translator'],
  [/^source config/, 'source'],
  [/^config generated/, 'generated'],
  [/strict was specified$/, 'strict'],
];

describe.skipIf(vectors.length === 0)('Butane', () => {
  it.each(vectors.filter(({ experimental }) => experimental !== true))('$name', ({ yaml, strict, ...wanted }) => {
    const result = transpileButane(yaml, { strict: strict === true, gzip });
    const error = result.ok ? null : result.error.error;
    const errorClass = CLASSES.find(([pattern]) => error !== null && pattern.test(error))?.[1] ?? null;
    expect([result.ok, errorClass]).toEqual([wanted.ok, wanted.errorClass]);
    const entries = result.ok ? result.value.entries : result.error.entries;
    // What is wrong inside an inline config has no place of its own.
    const isInner = entries.some(({ line }) => line === undefined);
    const show = ({ severity, path, line, column }: Vector['entries'][number]) =>
      `${severity} ${path.replace(/^\$\./, '')}${isInner ? '' : ` ${line}:${column}`}`;
    const shown = entries.map(show);
    const expected = wanted.entries.map(show);
    expect(shown.sort()).toEqual(expected.sort());
    if (!result.ok) return;
    expect(readable(withoutEmptyObjects(result.value.config))).toEqual(readable(withoutEmptyObjects(wanted.ignition)));
    expect(parseConfig(JSON.stringify(result.value.config)).ok).toBe(true);
  });
  it.each(vectors.filter(({ experimental }) => experimental === true))('experimental: $name', ({ yaml }) => {
    expect(transpileButane(yaml, { strict: false, gzip }).ok).toBe(false);
  });
});
