/** What the editor of the console works with: places in half-written texts, names of fields, reports and differences. */
import { describe, expect, it } from 'vitest';
import { differences } from '../../src/console/editor/differences.ts';
import { languageOf, pathAt } from '../../src/console/editor/place-in-text.ts';
import { completionsAt, reportOn } from '../../src/console/editor/report.ts';

/** The text without its `|`, and the place where that stood. */
function atBar(marked: string) {
  const offset = marked.indexOf('|');
  return { text: marked.replace('|', ''), offset };
}

const HEAD = 'variant: flatcar\nversion: 1.1.0\n';

describe('the path of a place', () => {
  it.each([
    ['{"ignition":{|', ['ignition']],
    ['{"storage":{"files":[{"path":"/a"},{|', ['storage', 'files']],
    ['{"storage":{"files":[{"contents":{"source":"}{\\"", |', ['storage', 'files', 'contents']],
    ['{"a":1,|', []],
    ['{"a":"unfinished|', ['a']],
  ])('in JSON: %s', (marked, path) => {
    const { text, offset } = atBar(marked);
    expect(pathAt(text, offset, 'json')).toEqual(path);
  });

  it.each([
    ['storage:\n  |', ['storage']],
    ['storage:\n  files:\n    - path: /a\n      |', ['storage', 'files']],
    ['storage:\n  files:\n  - path: /a\n    |', ['storage', 'files']],
    ['storage:\n  files:\n    - |', ['storage', 'files']],
    ['storage:\n  files:\n    - path: /a\n      contents:\n        |', ['storage', 'files', 'contents']],
    ['# storage:\n\nsystemd:\n\n  # a remark\n  |', ['systemd']],
    ['storage:\n  files: []\n|', []],
  ])('in YAML: %j', (marked, path) => {
    const { text, offset } = atBar(marked);
    expect(pathAt(text, offset, 'yaml')).toEqual(path);
  });
});

describe('the names that are offered', () => {
  const names = (marked: string) => {
    const { text, offset } = atBar(marked);
    return completionsAt(text, offset).map(({ name }) => name);
  };

  it('are those of the place, in the words of the language', () => {
    expect(names(`${HEAD}storage:\n  files:\n    - |`)).toEqual(expect.arrayContaining(['path', 'contents', 'mode']));
    expect(names(`${HEAD}storage:\n  |`)).toEqual(expect.arrayContaining(['trees', 'filesystems']));
    expect(names('{"ignition":{"version":"3.3.0"},"storage":{"files":[{|')).toEqual(
      expect.arrayContaining(['contents', 'overwrite']),
    );
    expect(names('{"ignition":{"version":"2.3.0"},|')).toContain('networkd');
    expect(names('{"ignition":{"version":"3.3.0"},|')).not.toContain('networkd');
  });

  it('are none where nothing is known', () => {
    expect(names(`${HEAD}storage:\n  no_such:\n    |`)).toEqual([]);
    expect(names('variant: flatcar\nversion: 9.9.9\n|')).toEqual([]);
    expect(names('{"ignition":{"version":"9.9.9"},|')).toEqual([]);
  });
});

describe('the report', () => {
  const of = (text: string, isUserData = true) => reportOn({ text, format: 'auto', engine: 'ignition', isUserData });

  it.each([
    [`${HEAD}`, 'good', /^Valid: butane that makes Ignition 3\.4\.0/],
    ['{"ignition":{"version":"3.3.0"}}', 'good', /^Valid Ignition 3\.3\.0/],
    ['#cloud-config\n', 'good', /^A cloud-config/],
    ['{"ignition":{"version":"9.9.9"}}', 'bad', /unsupported config version/],
    [`${HEAD}storage: [`, 'bad', /yaml/],
  ] as const)('on %j is %s', (text, tone, sentence) => {
    const report = of(text);
    expect([report.tone, report.text]).toEqual([tone, expect.stringMatching(sentence)]);
  });

  it('takes a cloud-config for user data alone', () => {
    expect(of('#cloud-config\n', false).tone).toBe('bad');
  });

  it('shows 200 remarks at most, and says how many more there are', () => {
    const files = Array.from({ length: 500 }, (_, index) => ({ path: `no/${index}` }));
    const report = of(JSON.stringify({ ignition: { version: '3.3.0' }, storage: { files } }));
    expect([report.entries.length, report.text]).toEqual([200, expect.stringContaining('(and 300 more)')]);
  });
});

describe('the differences', () => {
  it('name what is gone and what is new, and fold what stayed', () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
    const after = lines.with(20, 'another');
    const found = differences(lines.join('\n'), after.join('\n'));
    expect(found?.marks.map(({ name }) => name)).toEqual(['gone', 'new']);
    expect(found?.text.split('\n')).toEqual([
      ...['… 17 lines that are the same …', 'line 17', 'line 18', 'line 19', 'line 20', 'another'],
      ...['line 21', 'line 22', 'line 23', '… 16 lines that are the same …'],
    ]);
  });

  it('are none for the same text, whatever its last line ends with', () => {
    expect(differences('a\nb\n', 'a\nb')?.marks).toEqual([]);
    expect(differences('', '')?.marks).toEqual([]);
  });

  it('are not looked for where two texts have nothing in common', () => {
    const many = (name: string) => Array.from({ length: 4_000 }, (_, index) => `${name} ${index}`).join('\n');
    expect(differences(many('a'), many('b'))).toBeUndefined();
  });
});

it('a language is told by how a text begins', () => {
  expect([languageOf(' {'), languageOf('variant: flatcar'), languageOf('')]).toEqual(['json', 'yaml', 'yaml']);
});
