/** Parsers of configs and user data. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect } from 'vitest';
import { transpileButane } from '../../src/butane/butane/transpile.ts';
import { transpileCt } from '../../src/butane/ct/transpile.ts';
import { merge, validate } from '../../src/configs/inspect.ts';
import { readUserData } from '../../src/configs/user-data.ts';
import { configLines } from '../../src/console/machines/config-lines.ts';
import { compose } from '../../src/ignition/compose.ts';
import { readJson } from '../../src/ignition/json-source.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { type Fuzzed, fuzzed, mutated, nearText } from './near-text.ts';

const version = fc.constantFrom('2.0.0', '2.3.0', '3.0.0', '3.3.0', '3.6.0', '1', '9.9.9', '');
const path = fc.constantFrom('/a', '/a/b', 'relative', '/a/../b', '');
const value = fc.oneof(fc.constantFrom<unknown>(null, 420, '0644', true, [], {}), path);
const file = fc.record(
  {
    filesystem: fc.constantFrom('root'),
    path,
    mode: value,
    contents: fc.record({ source: fc.constantFrom('data:,x', 'http://h', 'x:', '') }),
  },
  { requiredKeys: [] },
);
const config = fc
  .record(
    {
      ignition: fc.record({ version, config: value }, { requiredKeys: ['version'] }),
      storage: fc.record({ files: fc.array(file, { maxLength: 3 }), disks: value }, { requiredKeys: [] }),
      systemd: fc.record(
        {
          units: fc.array(fc.record({ name: fc.constantFrom('a.service', 'b', ''), enabled: value }), { maxLength: 2 }),
        },
        { requiredKeys: [] },
      ),
      __proto__: value,
    },
    { requiredKeys: ['ignition'] },
  )
  .map((made) => JSON.stringify(made));
const configText = fc.oneof(
  { weight: 3, arbitrary: config },
  { weight: 3, arbitrary: mutated(config) },
  fc.json(),
  nearText(['{', '}', '[', ']', ':', ',', '"ignition"', '"version"', '"3.3.0"', '#cloud-config\n', '#!']),
);
const YAML = [
  'variant: flatcar\n',
  'version: 1.1.0\n',
  'storage:\n',
  '  files:\n',
  '    - path: /a\n',
  '      mode: 0644\n',
  '- ',
  ': ',
  '&a ',
  '*a',
  '<<: ',
  '{',
  '}',
  '[',
  ']',
  '!!str ',
  '\n',
  '  ',
  '"',
  "'",
  '|',
  '>',
  '#',
];

export const configProperties: readonly Fuzzed[] = [
  fuzzed('JSON with places', fc.oneof(fc.json(), mutated(fc.json())), (text) => {
    let native: unknown;
    try {
      native = JSON.parse(text);
    } catch {
      native = undefined;
    }
    const own = readJson(text);
    // Ours is stricter in depth and integers alone: what JavaScript refuses, it refuses.
    if (native === undefined && text.trim() !== 'undefined') expect(own.ok).toBe(false);
  }),
  fuzzed('Ignition', configText, (text) => {
    const parsed = parseConfig(text);
    if (parsed.ok) expect(parsed.value.entries.every(({ severity }) => severity !== 'error')).toBe(true);
    const seen = validate(text, 'ignition');
    if (seen.valid) expect(parsed.ok).toBe(true);
  }),
  fuzzed(
    'composing',
    fc.tuple(configText, configText, configText, fc.constantFrom('ignition' as const, 'legacy' as const)),
    ([base, user, fallback, engine]) => {
      const composed = compose({ base, user, default: fallback }, engine);
      if (!composed.ok) {
        expect(composed.error.entries.some(({ severity }) => severity === 'error')).toBe(true);
        return;
      }
      // What boots is a config, never empty, and the same again if it is composed again.
      const alone = compose({ user: composed.value.text }, engine);
      expect(alone.ok && JSON.parse(alone.value.text)).toEqual(JSON.parse(composed.value.text));
      const { parts, text } = composed.value;
      const lines = configLines(JSON.parse(text), parts());
      expect(JSON.parse(lines.map((line) => line.text).join(''))).toEqual(JSON.parse(text));
    },
  ),
  fuzzed(
    'merge calls',
    fc.oneof(
      fc.tuple(configText, configText).map(([parent, child]) => JSON.stringify({ parent, child })),
      fc.json(),
    ),
    (body) => {
      const merged = merge(body);
      if (!merged.ok) expect(['bad-request', 'invalid', 'unknown-name', 'invalid-config']).toContain(merged.error.code);
    },
  ),
  fuzzed('Butane', nearText(YAML, 16), (text) => {
    const made = transpileButane(text, { strict: false, gzip: 'plain' });
    if (made.ok) expect(parseConfig(JSON.stringify(made.value.config)).ok).toBe(true);
    else expect(made.error.error).not.toBe('');
  }),
  fuzzed(
    'Container Linux Configs',
    nearText([...YAML, 'etcd:\n', 'update:\n', '  group: stable\n', 'locksmith:\n'], 16),
    (text) => {
      const made = transpileCt(text, { strict: false, platform: '' });
      if (!made.ok) expect(made.error.error).not.toBe('');
    },
  ),
  fuzzed('user data', fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.boolean()), async ([bytes, isZipped]) => {
    const sent = isZipped ? new Uint8Array(gzipSync(bytes)) : Uint8Array.from(bytes);
    const read = await readUserData(sent, 100);
    if (isZipped) expect(read.ok).toBe(bytes.length <= 100);
    if (read.ok && isZipped)
      expect(read.value.text).toBe(new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(bytes));
  }),
];
