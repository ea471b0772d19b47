/** The Container Linux Config transpiler's own answers, where the folder beside the project holds them. */
import { describe, expect, it } from 'vitest';
import { transpileCt } from '../../src/butane/ct/transpile.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { withoutEmptyObjects } from '../support/json.ts';
import { vectorsIn } from '../support/reference-vectors.ts';

interface Vector {
  readonly name: string;
  readonly platform: string;
  readonly yaml: string;
  readonly strict?: boolean;
  readonly ok: boolean;
  readonly ignition: object | null;
  readonly entries: readonly { severity: string; message: string; line: number; column: number }[];
}

const vectors = vectorsIn<Vector>('butane/ct.json', 'butane/ct-edge.json');

describe.skipIf(vectors.length === 0)('the transpiler', () => {
  it.each(vectors)('$name', ({ name, yaml, platform, strict, ...wanted }) => {
    const result = transpileCt(yaml, { platform, strict: strict === true });
    expect(result.ok).toBe(wanted.ok);
    const entries = result.ok ? result.value.entries : result.error.entries;
    // Of a thousand and more entries only the errors are compared: we keep fewer of the others.
    const kept = (list: readonly { severity: string }[]) =>
      list
        .map(({ severity }) => severity.replace('deprecated', 'warning'))
        .filter((severity) => !name.startsWith('thousand-') || severity === 'error')
        .sort();
    expect(kept(entries)).toEqual(kept(wanted.entries));
    const placed = wanted.entries.filter(({ severity, line }) => severity === 'error' && line > 0);
    for (const { line, column } of placed) expect(entries).toContainEqual(expect.objectContaining({ line, column }));
    if (!result.ok) return;
    expect(withoutEmptyObjects(result.value.config)).toEqual(withoutEmptyObjects(wanted.ignition));
    expect(parseConfig(JSON.stringify(result.value.config)).ok).toBe(true);
  });
});
