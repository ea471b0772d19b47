/**
 * A report shows 1,000 entries, and no number of warnings hides an error: neither the verdict nor the entry. Ignition
 * itself has no limit (validate.Report in coreos/vcontext), so an error counts wherever it stands.
 */
import { describe, expect, it } from 'vitest';
import { transpile } from '../../src/configs/formats.ts';
import { validate } from '../../src/configs/inspect.ts';
import { compose } from '../../src/ignition/compose.ts';

const many = <T>(count: number, made: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => made(index));
const v3 = (rest: object) => JSON.stringify({ ignition: { version: '3.4.0' }, ...rest });
const v2 = (rest: object) => JSON.stringify({ ignition: { version: '2.4.0' }, ...rest });
const yaml = (lines: readonly string[]) => `variant: flatcar\nversion: 1.1.0\n${lines.join('\n')}\n`;

/** A config with a number of warnings, and its error at the end. */
const CONFIGS: readonly (readonly [string, (warnings: number) => string, string])[] = [
  [
    'unknown keys before a bad path',
    (n) => v3({ storage: { files: [...many(n, (at) => ({ path: `/f${at}`, unknown: 1 })), { path: 'bad' }] } }),
    'path not absolute',
  ],
  [
    'special modes before a bad mode',
    (n) =>
      v3({
        storage: { files: [...many(n, (at) => ({ path: `/f${at}`, mode: 0o4755 })), { path: '/g', mode: 99999 }] },
      }),
    'illegal file mode',
  ],
  [
    'units enabled in vain before a bad name',
    (n) =>
      v3({
        systemd: {
          units: [
            ...many(n, (at) => ({ name: `u${at}.service`, enabled: true, contents: '[A]\nb=c' })),
            { name: 'bad' },
          ],
        },
      }),
    'invalid systemd unit extension',
  ],
  [
    'spec 2: modes that are not set before a bad path',
    (n) =>
      v2({
        storage: {
          files: [...many(n, (at) => ({ filesystem: 'root', path: `/f${at}` })), { filesystem: 'root', path: 'bad' }],
        },
      }),
    'path not absolute',
  ],
];

describe.each(CONFIGS)('%s', (_what, config, message) => {
  it.each([0, 1, 998, 999, 1000, 1001, 1002, 5000])('after %i warnings', (warnings) => {
    const text = config(warnings);
    const engine = text.includes('"2.4.0"') ? 'legacy' : 'ignition';
    const { valid, entries } = validate(text, engine);
    expect(valid).toBe(false);
    expect(entries.filter(({ severity }) => severity === 'error').map((entry) => entry.message)).toEqual([message]);
    expect(entries.length).toBeLessThanOrEqual(1001);
    expect(compose({ user: text }, engine).ok).toBe(false);
  });
});

it.each([0, 999, 1000, 1001, 3000])('Butane: an error after %i unknown keys', (count) => {
  const source = yaml([...many(count, (at) => `key${at}: 1`), 'storage:', '  files:', '    - path: bad']);
  const result = transpile(source, 'butane', { strict: false, platform: '' });
  const errors = result.ok ? [] : result.error.entries.filter(({ severity }) => severity === 'error');
  expect(errors.map(({ message, line }) => [message, line])).toEqual([['path not absolute', count + 5]]);
});

it.each([0, 999, 1000, 1001, 3000])('ct: an error after %i unknown keys', (count) => {
  const source = [...many(count, (at) => `key${at}: 1`), 'systemd:', '  units:', '    - name: bad'].join('\n');
  const result = transpile(source, 'ct', { strict: false, platform: '' });
  expect(result.ok).toBe(false);
  const errors = result.ok ? [] : result.error.entries.filter(({ severity }) => severity === 'error');
  expect(errors).toMatchObject([{ message: 'invalid systemd unit extension', line: count + 3 }]);
});

it('more errors than are shown are still errors', () => {
  const { valid, entries } = validate(v3({ storage: { files: many(3000, () => ({ path: 'bad' })) } }), 'ignition');
  expect(valid).toBe(false);
  expect(entries).toHaveLength(1001);
  expect(entries.at(-1)?.message).toMatch(/more entries are not shown$/);
});
