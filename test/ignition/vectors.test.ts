/** The reference implementation's own answers, where the folder beside the project holds them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mergeConfigs } from '../../src/ignition/merge.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { plainConfig } from '../../src/ignition/render.ts';
import { Report } from '../../src/ignition/report.ts';
import { SCHEMAS_V3 } from '../../src/ignition/spec/v3.ts';
import { translateV3 } from '../../src/ignition/translate-v3.ts';
import { validateV3 } from '../../src/ignition/validate-v3.ts';
import { withoutEmptyObjects } from '../support/json.ts';

interface Message {
  readonly kind: string;
  readonly path: string;
}

interface Vector {
  readonly name: string;
  readonly kind: string;
  readonly base: object;
  readonly user: object;
  readonly expected: object;
  readonly engineValid: boolean;
  readonly engineMessages: readonly Message[];
  readonly config: object | string;
  readonly configIsRawText?: boolean;
  readonly valid: boolean;
  readonly error?: string;
  readonly messages: readonly Message[];
  readonly flatcar?: Partial<Vector>;
}

const file = join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures', 'ignition', 'vectors.json');
const vectors: Vector[] = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Vector[]) : [];
const ofKind = (kind: string) => vectors.filter((vector) => vector.kind === kind);
const shown = (messages: readonly Message[]) =>
  messages.map(({ kind, path }) => `${kind} ${path.replace(/^\$\./, '')}`).sort();
const ours = (entries: readonly { severity: string; path: string }[]) =>
  entries
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, path }) => `${severity} ${path}`)
    .sort();

function parsed(config: object) {
  const result = parseConfig(JSON.stringify(config));
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  if (result.value.major !== 3) throw new Error('not spec 3');
  return result.value;
}

describe.skipIf(vectors.length === 0)('the reference on spec 3', () => {
  it.each(ofKind('validate'))('$name', ({ config, configIsRawText, ...vector }) => {
    const expected = { ...vector, ...vector.flatcar };
    const result = parseConfig(configIsRawText === true ? String(config) : JSON.stringify(config));
    expect(result.ok).toBe(expected.valid);
    const entries = result.ok ? result.value.entries : 'entries' in result.error ? result.error.entries : [];
    expect(ours(entries)).toEqual(shown(expected.messages));
  });

  it.each(ofKind('merge'))('$name', ({ base, user, expected, engineValid, engineMessages }) => {
    const [parent, child] = [parsed(base), parsed(user)];
    const minor = Math.max(parent.minor, child.minor);
    const schema = SCHEMAS_V3[minor];
    if (schema === undefined) throw new Error('no schema');
    const [from, to] = [parent, child].map(({ config, minor: own }) => translateV3(config, own, minor));
    const { config } = mergeConfigs(schema as never, from as never, to as never) as { config: object };
    expect(plainConfig(schema, config)).toEqual(withoutEmptyObjects(expected));
    const report = new Report();
    validateV3(config as never, minor, report, false);
    expect(!report.isFatal).toBe(engineValid);
    expect(ours(report.entries)).toEqual(shown(engineMessages));
  });
});
