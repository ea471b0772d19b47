/** Appending in spec 2: the reference's answers where they are, and rows of our own. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { appendConfigs } from '../../src/ignition/append.ts';
import { decode } from '../../src/ignition/decode.ts';
import { readJson } from '../../src/ignition/json-source.ts';
import { plainConfig } from '../../src/ignition/render.ts';
import { Report } from '../../src/ignition/report.ts';
import { type ConfigV2, SCHEMAS_V2 } from '../../src/ignition/spec/v2.ts';
import { withoutEmptyObjects } from '../support/json.ts';

interface Vector {
  readonly name: string;
  readonly kind: string;
  readonly base: { ignition?: { version: string } };
  readonly user: { ignition?: { version: string } };
  readonly expected: object;
}

const [NEWEST] = SCHEMAS_V2.slice(4);
const file = join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures', 'ignition', 'vectors.json');
const vectors = (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Vector[]) : []).filter(
  ({ kind, base, user }) => kind === 'append2' && base.ignition !== undefined && user.ignition !== undefined,
);

/** Decoded at its own version, then said to be 2.4, which is all that the way there changes. */
function read(config: { ignition?: { version: string } }): ConfigV2 {
  const json = readJson(JSON.stringify(config));
  const schema = SCHEMAS_V2[Number(config.ignition?.version.split('.')[1])];
  if (!json.ok || schema === undefined) throw new Error('unreadable');
  const decoded = decode(schema, json.value, new Report(), new Map());
  if (!decoded.ok) throw new Error(decoded.error.message);
  const value = decoded.value as ConfigV2;
  return { ...value, ignition: { ...value.ignition, version: '2.4.0' } };
}

const appended = (base: Vector['base'], user: Vector['user']) => {
  if (NEWEST === undefined) throw new Error('no schema');
  return plainConfig(NEWEST, appendConfigs(read(base), read(user)));
};

describe.skipIf(vectors.length === 0)('the reference on appending', () => {
  it.each(vectors)('$name', ({ base, user, expected }) => {
    expect(appended(base, user)).toEqual(withoutEmptyObjects(expected));
  });
});

const v2 = (more: object = {}, ignition: object = {}) => ({ ignition: { version: '2.4.0', ...ignition }, ...more });

describe('appending', () => {
  it.each([
    [
      'lists are joined, nothing is matched',
      v2({ systemd: { units: [{ name: 'a.service' }] } }),
      v2({ systemd: { units: [{ name: 'a.service', mask: true }] } }),
      { systemd: { units: [{ name: 'a.service' }, { name: 'a.service', mask: true }] } },
    ],
    [
      "ignition.config is the new one's, even when absent",
      v2({}, { config: { append: [{ source: 'http://b' }] } }),
      v2(),
      {},
    ],
    [
      'a nullable value that is set wins, zero too',
      v2({}, { timeouts: { httpTotal: 5, httpResponseHeaders: 9 } }),
      v2({}, { timeouts: { httpTotal: 0 } }),
      { ignition: { version: '2.4.0', timeouts: { httpResponseHeaders: 9, httpTotal: 0 } } },
    ],
    [
      "a plain value is the new one's, even when empty",
      v2({}, { proxy: { httpProxy: 'http://p' } }),
      v2({}, { proxy: { httpsProxy: 'https://q' } }),
      { ignition: { version: '2.4.0', proxy: { httpsProxy: 'https://q' } } },
    ],
  ])('%s', (_name, base, user, expected) => {
    expect(appended(base, user)).toEqual({ ...{ ignition: { version: '2.4.0' } }, ...expected });
  });
});
