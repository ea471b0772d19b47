/** The Container Linux Config transpiler's own answers, where the folder beside the project holds them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { transpileCt } from '../../src/butane/ct/transpile.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { withoutEmptyObjects } from '../support/json.ts';

interface Vector {
  readonly name: string;
  readonly platform: string;
  readonly yaml: string;
  readonly strict?: boolean;
  readonly ok: boolean;
  readonly ignition: object | null;
  readonly entries: readonly { severity: string; message: string; line: number; column: number }[];
}

const file = join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures', 'butane', 'ct.json');
const vectors: Vector[] = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Vector[]) : [];

describe.skipIf(vectors.length === 0)('the transpiler', () => {
  it.each(vectors)('$name', ({ yaml, platform, strict, ...wanted }) => {
    const result = transpileCt(yaml, { platform, strict: strict === true });
    expect(result.ok).toBe(wanted.ok);
    const entries = result.ok ? result.value.entries : result.error.entries;
    expect(entries.map(({ severity }) => severity).sort()).toEqual(
      wanted.entries.map(({ severity }) => severity.replace('deprecated', 'warning')).sort(),
    );
    if (!result.ok) return;
    expect(withoutEmptyObjects(result.value.config)).toEqual(withoutEmptyObjects(wanted.ignition));
    expect(parseConfig(JSON.stringify(result.value.config)).ok).toBe(true);
  });
});
