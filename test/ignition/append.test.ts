/** Appending in spec 2: the reference's answers where they are, and rows of our own. */
import { describe, expect, it } from 'vitest';
import { combine } from '../../src/ignition/combine.ts';
import { type ParsedConfig, parseConfig } from '../../src/ignition/parse.ts';
import { withoutEmptyObjects } from '../support/json.ts';
import { vectorsIn } from '../support/reference-vectors.ts';

interface Vector {
  readonly name: string;
  readonly kind: string;
  readonly base: object;
  readonly user: object;
  readonly expected: object;
}

const vectors = vectorsIn<Vector>('ignition/vectors.json', 'ignition/edge-vectors.json').filter(
  ({ kind }) => kind === 'append2',
);

function read(config: object): ParsedConfig {
  const parsed = parseConfig(JSON.stringify(config));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

function appended(base: object, user: object) {
  const combined = combine([read(base), read(user)], 'legacy');
  if (!combined.ok) throw new Error(JSON.stringify(combined.error));
  return combined.value.config;
}

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
