/** What people get wrong in YAML: the answer of transpile names the line that a person would look at. */
import { describe, expect, it } from 'vitest';
import { transpileText } from '../../src/configs/fault-text.ts';
import { transpile } from '../../src/configs/formats.ts';

const HEAD = 'variant: flatcar\nversion: 1.1.0\n';
const lines = (...text: string[]) => `${text.join('\n')}\n`;

/** The shape, what stands below the head, and the line of the whole text that is wrong. */
const SHAPES: readonly (readonly [string, string, number])[] = [
  ['a tab as indent', lines('storage:', '\tfiles:', '\t\t- path: /a'), 4],
  ['a tab after spaces', lines('storage:', '  files:', '  \t- path: /a'), 5],
  ['an open double quote', lines('storage:', '  files:', '    - path: "/a', '      mode: 0644'), 5],
  ['an open single quote', lines('systemd:', '  units:', "    - name: 'a.service", '      enabled: true'), 5],
  ['a list under a scalar', lines('storage:', '  files:', '    - path: /a', '      - mode: 0644'), 6],
  ['a key deeper than its sisters', lines('storage:', '  files:', '    - path: /a', '        mode: 0644'), 6],
  ['a key less deep than its sisters', lines('storage:', '  files:', '    - path: /a', '     mode: 0644'), 6],
  ['a key twice', lines('storage:', '  files: []', '  files: []'), 5],
  ['a section twice', lines('storage:', '  files: []', 'storage:', '  links: []'), 5],
  ['an unknown alias', lines('storage:', '  files:', '    - *file'), 5],
  ['no space after a colon', lines('storage:', '  files:', '    - path:/a', '      mode: 0644'), 6],
  ['a colon in a value', lines('systemd:', '  units:', '    - name: a: b'), 5],
  ['an open bracket', lines('storage:', '  files: [', '    {path: /a}', 'systemd: {}'), 6],
  ['an open brace', lines('storage:', '  files:', '    - {path: /a', '    - path: /b'), 6],
  ['a bracket too many', lines('storage:', '  files: []]'), 4],
  ['a percent sign at the beginning', lines('systemd:', '  units:', '    - name: %i.service'), 5],
  ['an at sign at the beginning', lines('passwd:', '  users:', '    - name: @core'), 5],
  ['a backquote', lines('passwd:', '  users:', '    - name: `core`'), 5],
  ['an unknown escape', lines('storage:', '  files:', '    - path: "/a\\d"'), 5],
  [
    'a text that is not indented as a block',
    lines('systemd:', '  units:', '    - name: a.service', '      contents: |', '    [Unit]'),
    7,
  ],
  ['a map where a list belongs', lines('storage:', '  files:', '    path: /a'), 5],
  ['a text where a number belongs', lines('storage:', '  files:', '    - path: /a', '      mode: rw'), 6],
  ['a list where a text belongs', lines('storage:', '  files:', '    - path: [/a]'), 5],
  ['a path that is not absolute', lines('storage:', '  files:', '    - path: a'), 5],
  ['a template that nobody has filled in', lines('storage:', '  files:', '    - path: {{ path }}'), 5],
  ['a merge conflict', lines('storage:', '<<<<<<< HEAD', '  files: []', '======='), 4],
];

describe('the line that is named for', () => {
  it.each(SHAPES.filter(([, , line]) => line > 0))('%s', (_shape, body, line) => {
    const result = transpile(HEAD + body, 'butane', { strict: false, platform: '' });
    expect(result.ok).toBe(false);
    if (result.ok) return;
    const { error, entries } = result.error;
    const first = entries.find(({ severity }) => severity === 'error');
    expect([first?.line, first?.message]).toEqual([line, first?.message]);
    expect(first?.column).toBeGreaterThan(0);
    expect(transpileText(error, entries)).toContain(`line ${line}`);
  });
  it.each([
    ['a version that is none', 'variant: flatcar\nversion: 1.x\n', 2],
    ['a version that there is not', 'variant: flatcar\nversion: 9.0.0\n', 2],
    ['a variant that there is not', '# a\nvariant: flatcat\nversion: 1.1.0\n', 2],
    ['no variant', 'version: 1.1.0\n', 1],
  ])('%s', (_shape, text, line) => {
    const result = transpile(text, 'butane', { strict: false, platform: '' });
    expect(result).toMatchObject({ ok: false, error: { entries: [{ line }] } });
  });
});
