/** The reference implementation's own answers, where the folder beside the project holds them. */
import { describe, expect, it } from 'vitest';
import { engineFaults } from '../../src/ignition/combine.ts';
import { mergeConfigs } from '../../src/ignition/merge.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { plainConfig } from '../../src/ignition/render.ts';
import { Report } from '../../src/ignition/report.ts';
import { SCHEMAS_V3 } from '../../src/ignition/spec/v3.ts';
import { translateV3 } from '../../src/ignition/translate-v3.ts';
import { validateV3 } from '../../src/ignition/validate-v3.ts';
import { withoutEmptyObjects } from '../support/json.ts';
import { compared, type Message, vectorsIn } from '../support/reference-vectors.ts';

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
  readonly legacyValid?: boolean;
  readonly read?: object;
  readonly flatcar?: Partial<Vector>;
}

const vectors = vectorsIn<Vector>('ignition/vectors.json', 'ignition/edge-vectors.json');
const ofKind = (kind: string) => vectors.filter((vector) => vector.kind === kind);
function parsed(config: object) {
  const result = parseConfig(JSON.stringify(config));
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  if (result.value.major !== 3) throw new Error('not spec 3');
  return result.value;
}

describe.skipIf(vectors.length === 0)('the reference on spec 3', () => {
  it.each(ofKind('validate'))('$name', ({ config, configIsRawText, legacyValid, read, ...vector }) => {
    const expected = { ...vector, ...vector.flatcar };
    const text = configIsRawText === true ? String(config) : JSON.stringify(config);
    const result = parseConfig(text);
    expect(result.ok).toBe(expected.valid);
    const entries = result.ok ? result.value.entries : 'entries' in result.error ? result.error.entries : [];
    const { ours, theirs } = compared(entries, expected.messages, text);
    expect(ours).toEqual(theirs);
    if (legacyValid !== undefined)
      expect(result.ok && engineFaults(result.value, 'legacy').length === 0).toBe(legacyValid);
    if (!result.ok || result.value.major !== 3 || read === undefined) return;
    const schema = SCHEMAS_V3[result.value.minor];
    if (schema === undefined) throw new Error('no schema');
    expect(plainConfig(schema, result.value.config)).toEqual(withoutEmptyObjects(read));
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
    const { ours, theirs } = compared(
      report.entries.map(({ severity, path }) => ({ severity, path })),
      engineMessages.map(({ kind, path }) => ({ kind, path })),
      '',
    );
    expect(ours).toEqual(theirs);
  });
});
