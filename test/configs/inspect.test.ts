/** validate and merge as the API answers them, the reference's vectors among them. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { merge, validate } from '../../src/configs/inspect.ts';
import { readUserData } from '../../src/configs/user-data.ts';
import { jsonSchemaOf } from '../../src/ignition/json-schema.ts';
import { withoutEmptyObjects } from '../support/json.ts';
import { compared, type Message, vectorsIn } from '../support/reference-vectors.ts';

interface Vector {
  readonly name: string;
  readonly kind: string;
  readonly base: object;
  readonly user: object;
  readonly expected: { readonly ignition: object };
  readonly engineValid: boolean;
  readonly config: object | string;
  readonly valid: boolean;
  readonly messages: readonly Message[];
  readonly flatcar?: Partial<Vector>;
}

const vectors = vectorsIn<Vector>('ignition/vectors.json', 'ignition/edge-vectors.json');
const ofKind = (kind: string) => vectors.filter((vector) => vector.kind === kind);
const merged = (base: object, user: object, engine: string) =>
  merge(JSON.stringify({ parent: base, child: user, engine }));

describe.skipIf(vectors.length === 0)('the reference through the calls', () => {
  it.each(ofKind('validate'))('$name', ({ config, ...vector }) => {
    const expected = { ...vector, ...vector.flatcar };
    const text = typeof config === 'string' ? config : JSON.stringify(config);
    const { valid, entries } = validate(text, 'ignition');
    const { ours, theirs } = compared(entries, expected.messages, text);
    expect([valid, ours]).toEqual([expected.valid, theirs]);
  });
  it.each(ofKind('append2'))('$name', ({ base, user, expected }) => {
    const result = merged(base, user, 'legacy');
    expect(result.ok && withoutEmptyObjects(result.value.config)).toEqual(withoutEmptyObjects(expected));
  });
  it.each(ofKind('merge'))('$name', ({ base, user, expected, engineValid }) => {
    const result = merged(base, user, 'ignition');
    expect(result.ok).toBe(engineValid);
    const config = result.ok ? result.value.config : result.error.members?.['config'];
    expect(withoutEmptyObjects(config as object)).toEqual(withoutEmptyObjects(expected));
  });
});

const v3 = (rest: object = {}) => ({ ignition: { version: '3.4.0' }, ...rest });

describe('validate', () => {
  it.each([
    ['', 'none', 'not a config (empty)'],
    ['#cloud-config\n', 'cloud-config', 'not a config (found cloud-config)'],
    ['#!/bin/sh\n', 'script', 'not a config (found a script)'],
    ['{}', 'ignition', 'unsupported config version'],
    ['{"ignition":{"version":"v3"}}', 'ignition', "invalid config version (couldn't parse)"],
  ])('%j is no config, and says why', (text, kind, error) => {
    expect(validate(text, 'ignition')).toEqual({ valid: false, version: null, kind, error, entries: [] });
  });
  it('names version and kind of what is valid', () => {
    expect(validate('{"ignitionVersion":1}', 'ignition')).toEqual({
      valid: true,
      version: '1',
      kind: 'ignition',
      entries: [{ severity: 'warning', path: '$', message: 'config format deprecated', line: 1, column: 1 }],
    });
  });
  it('judges by the engine: spec 3 is nothing for the legacy one', () => {
    expect(validate(JSON.stringify(v3()), 'legacy')).toMatchObject({
      valid: false,
      entries: [{ severity: 'error', path: 'ignition.version' }],
    });
  });
});

describe('merge', () => {
  const problem = (body: string) => {
    const result = merge(body);
    return result.ok ? undefined : result.error;
  };
  it.each([
    ['[]', 'bad-request', 'the body is not a JSON object'],
    ['{', 'bad-request', 'the body is not a JSON object'],
    [JSON.stringify({ parent: v3() }), 'invalid', 'child: is missing: it must be a config'],
    [JSON.stringify({ parent: v3(), child: v3(), engine: 'x' }), 'invalid', 'engine: must be ignition or legacy'],
    [JSON.stringify({ parent: v3(), child: '' }), 'invalid-config', 'an input is not valid'],
  ])('%s', (body, code, detail) => {
    expect(problem(body)).toMatchObject({ code, detail });
  });
  it('takes each side as a config or as the text of one', () => {
    const result = merge(JSON.stringify({ parent: JSON.stringify(v3()), child: v3() }));
    expect(result).toEqual({ ok: true, value: { config: v3(), entries: [] } });
  });
  it('judges numbers as they are written', () => {
    const side = '{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"/a","mode":420.0}]}}';
    expect(problem(`{"parent":${side},"child":${JSON.stringify(v3())}}`)).toMatchObject({
      members: { entries: [{ layer: 'parent', severity: 'error' }] },
    });
  });
  it('gives the result that is wrong with what is wrong of it', () => {
    const node = (user: object) => v3({ storage: { files: [{ path: '/a', user }] } });
    expect(problem(JSON.stringify({ parent: node({ id: 1 }), child: node({ name: 'a' }) }))).toMatchObject({
      detail: 'the result is not valid',
      members: {
        config: { storage: { files: [{ user: { id: 1, name: 'a' } }] } },
        entries: [{ layer: 'result', path: 'storage.files.0.user' }],
      },
    });
  });
});

describe('user data', () => {
  const bytes = (text: string) => new Uint8Array(new TextEncoder().encode(text));
  const zipped = (text: string) => new Uint8Array(gzipSync(text));
  it.each([
    ['{"ignition":{}}', 'ignition'],
    ['#cloud-config \nusers: []', 'cloud-config'],
    ['#!/bin/sh', 'script'],
    ['MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x', 'cloud-config'],
    ['', 'none'],
  ])('%j, plain and gzipped', async (text, kind) => {
    const expected = { ok: true, value: { text, kind, notes: [] } };
    expect(await readUserData(bytes(text), 1000)).toEqual(expected);
    expect(await readUserData(zipped(text), 1000)).toEqual(expected);
  });
  it('a gzip that grows beyond the limit is refused', async () => {
    expect(await readUserData(zipped('a'.repeat(100_000)), 1000)).toEqual({
      ok: false,
      error: { reason: 'too-large', limit: 1000, isUnzipped: true },
    });
  });
  it.each([zipped('abc').slice(0, 12), new Uint8Array([0x1f, 0x8b, 1])])('a broken gzip', async (broken) => {
    expect(await readUserData(broken, 1000)).toEqual({ ok: false, error: { reason: 'bad-gzip' } });
  });
});

describe('the schemas', () => {
  it.each(['1', '2.0.0', '2.4.0', '3.0.0', '3.6.0', '3.7.0-experimental'])('%s', (version) => {
    expect(jsonSchemaOf(version)).toMatchObject({
      type: 'object',
      properties: { storage: { properties: { disks: { type: 'array' } } } },
    });
  });
  it.each(['3.9.0', '2', ''])('%j is no version', (version) => expect(jsonSchemaOf(version)).toBeUndefined());
});
