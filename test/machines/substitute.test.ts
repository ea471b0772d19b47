/** Laws of variables: a value changes no key, no structure and no text that does not hold it, in whatever it is written. */
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combine } from '../../src/ignition/combine.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { plainDataUrl } from '../../src/ignition/urls/data-url.ts';
import { dataUrlFault } from '../../src/ignition/urls/data-url-fault.ts';
import { replaceVariables, usesVariable } from '../../src/machines/layers/substitute.ts';

const valuesOf =
  (values: Readonly<Record<string, string>>) =>
  (name: string): string | undefined =>
    Object.hasOwn(values, name) ? values[name] : undefined;

function replaced(text: string, values: Readonly<Record<string, string>>): string {
  const outcome = replaceVariables(text, valuesOf(values));
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  return outcome.value.text;
}

/** Any text, also one that looks like JSON, a variable, a data URL or half a character. */
const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '"',
    '\\',
    '","x":"',
    '{{v}}',
    '{{w}}',
    '%7B%7Bv%7D%7D',
    'data:,x',
    '\u0000',
    '\n',
    '💥',
    '<',
    '#',
    '%',
    '',
  ),
);
const piece = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('{{v}}', '{{w}}', '{{', '}}', '{{x}}', '{{ v }}', '{{V}}'),
);
const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
const put = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\{\{([vw])\}\}/g, (_, name: string) => values[name] ?? '');

type Written = (content: string) => { readonly source: string; readonly compression?: string };
const WAYS: Readonly<Record<string, Written>> = {
  percent: (content) => ({ source: plainDataUrl(content) }),
  'half escaped': (content) => ({ source: plainDataUrl(content).replaceAll('%7B', '{').replaceAll('%7D', '}') }),
  base64: (content) => ({ source: `data:;base64,${Buffer.from(content).toString('base64')}` }),
  'base64 with a type': (content) => ({
    source: `data:text/plain;charset=utf-8;base64,${Buffer.from(content).toString('base64')}`,
  }),
  gzip: (content) => ({
    source: `data:;base64,${gzipSync(content).toString('base64')}`,
    compression: 'gzip',
  }),
};
function contentOf({ source, compression }: ReturnType<Written>): string {
  const [head = '', body = ''] = [source.slice(0, source.indexOf(',')), source.slice(source.indexOf(',') + 1)];
  const plain = Buffer.from(decodeURIComponent(head.endsWith(';base64') ? '' : body));
  const bytes = head.endsWith(';base64') ? Buffer.from(body, 'base64') : plain;
  return (compression === 'gzip' ? gunzipSync(bytes) : bytes).toString();
}

describe('a text', () => {
  it('is the same, byte for byte, where nothing is replaced', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(3), (json, indent) => {
        const written = JSON.stringify(JSON.parse(json), null, indent);
        expect(replaced(written, { v: 'x' })).toBe(
          written.includes('{{v}}') ? written.replaceAll('{{v}}', 'x') : written,
        );
      }),
      { numRuns: 300 },
    );
    for (const same of ['', '{', '{"a":"{{v}}', 'not JSON {{v}}', '{"{{v}}":1}', '{"a": "{{u}}",\n"b":1.0}'])
      expect(replaced(same, { v: 'x' })).toBe(same);
  });

  it('keeps its keys, its other values and its shape, whatever the value', () => {
    fc.assert(
      fc.property(
        fc.dictionary(text, fc.oneof(text, fc.integer(), fc.constant(null))),
        value,
        value,
        (object, v, w) => {
          const values = { v, w };
          const nested = { ...object, list: Object.values(object), inner: { ...object } };
          const after = JSON.parse(replaced(JSON.stringify(nested), values)) as typeof nested;
          const expected = JSON.parse(JSON.stringify(nested), (_key, inner: unknown) =>
            typeof inner === 'string' && !/^data:/i.test(inner) ? put(inner, values) : inner,
          ) as typeof nested;
          expect(after).toEqual(JSON.parse(JSON.stringify(expected)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each(Object.entries(WAYS))('in %s is replaced in what it holds, and written as it was', (_name, write) => {
    fc.assert(
      fc.property(text, value, value, (template, v, w) => {
        // Half a character has no bytes.
        const values = { v: v.toWellFormed(), w: w.toWellFormed() };
        const contents = write(template.toWellFormed());
        const before = JSON.stringify({ contents });
        const after = JSON.parse(replaced(before, values)).contents as typeof contents;
        expect(contentOf(after)).toBe(put(template.toWellFormed(), values));
        if (dataUrlFault(contents.source) === undefined) expect(dataUrlFault(after.source)).toBeUndefined();
        if (after.source === contents.source) expect(replaced(before, values)).toBe(before);
      }),
      { numRuns: 300 },
    );
  });
});

it('a config with its variables replaced merges as the merged one with them replaced', () => {
  const layer = (name: string) =>
    fc.dictionary(fc.constantFrom('/a', '/b', '/c'), text).map((files) =>
      JSON.stringify({
        ignition: { version: '3.4.0' },
        storage: {
          files: Object.entries(files).map(([path, content]) => ({
            path,
            contents: { source: plainDataUrl(`${name}${content}`.toWellFormed()) },
          })),
        },
        systemd: { units: [{ name: `${name}.service`, contents: '[Unit]\nDescription={{v}}\n' }] },
      }),
    );
  const merged = (parent: string, child: string): string => {
    const [one, other] = [parseConfig(parent), parseConfig(child)];
    if (!one.ok || !other.ok) throw new Error('not valid');
    const both = combine([one.value, other.value], 'ignition');
    if (!both.ok) throw new Error(JSON.stringify(both.error));
    return JSON.stringify(both.value.config);
  };
  fc.assert(
    fc.property(layer('one'), layer('two'), value, value, (parent, child, v, w) => {
      const values = { v: v.toWellFormed(), w: w.toWellFormed() };
      // Not every text can stand in a unit.
      fc.pre(parseConfig(replaced(parent, values)).ok && parseConfig(replaced(child, values)).ok);
      expect(merged(replaced(parent, values), replaced(child, values))).toBe(replaced(merged(parent, child), values));
    }),
    { numRuns: 300 },
  );
});

describe('a variable', () => {
  const at = (source: string, more: object = {}) =>
    JSON.stringify({ storage: { files: [{ path: '/a', contents: { source, ...more } }] } }, null, 1);

  it('without a value is an error at its place, once for each place', () => {
    const outcome = replaceVariables(at('data:,{{v}}{{v}}'), () => ({ missing: 'say it' }));
    expect(!outcome.ok && outcome.error).toEqual([
      {
        severity: 'error',
        path: 'storage.files.0.contents.source',
        message: '{{v}} has no value: say it',
        ...{ line: 7, column: 16 },
      },
    ]);
  });

  it('in a text whose hash is stated is refused, in whatever it stands', () => {
    const hash = { verification: { hash: `sha512-${'0'.repeat(128)}` } };
    for (const source of ['data:,{{v}}', `data:;base64,${btoa('{{v}}')}`, 'http://h/{{v}}']) {
      const outcome = replaceVariables(at(source, hash), valuesOf({ v: 'x' }));
      expect(!outcome.ok && outcome.error[0]?.path).toBe('storage.files.0.contents.verification.hash');
    }
    expect(replaceVariables(at('data:,x', hash), valuesOf({ v: 'x' })).ok).toBe(true);
    expect(replaceVariables(at('data:,{{v}}', { verification: { hash: null } }), valuesOf({ v: 'x' })).ok).toBe(true);
  });

  it('cannot fill the memory', () => {
    const outcome = replaceVariables(at('{{v}}'.repeat(50_000)), valuesOf({ v: 'x'.repeat(10_000) }));
    expect(!outcome.ok && outcome.error[0]?.message).toContain('more than 1048576 characters');
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024)).toString('base64');
    const text = at(`data:;base64,${bomb}`, { compression: 'gzip' });
    expect(replaced(text, { v: 'x' })).toBe(text);
  });

  it('is found in whatever it stands', () => {
    for (const write of Object.values(WAYS))
      expect(usesVariable(JSON.stringify({ contents: write('a {{v}} b') }), ['v'])).toBe(true);
    expect(usesVariable(JSON.stringify({ contents: { source: 'data:,v' } }), ['v'])).toBe(false);
  });
});
