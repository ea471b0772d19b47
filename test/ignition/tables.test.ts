/** What the libraries say that Ignition is built with (`tables/README.md`). */
import { describe, expect, it } from 'vitest';
import { readUnitFile } from '../../src/ignition/rules/unit-file.ts';
import { dataUrlFault } from '../../src/ignition/urls/data-url-fault.ts';
import { parseGoUrl } from '../../src/ignition/urls/go-url.ts';
import dataUrls from './tables/data-urls.json' with { type: 'json' };
import goUrls from './tables/go-urls.json' with { type: 'json' };
import unitFiles from './tables/unit-files.json' with { type: 'json' };

interface Answer {
  readonly error?: string;
  readonly sections?: readonly string[];
  readonly scheme?: string;
  readonly text?: string;
}
const whole = (text: string) => text.replace(/<x\*(\d+)>/g, (_all, count: string) => 'x'.repeat(Number(count)));
const rows = (table: unknown) =>
  (table as [string, Answer][]).map(([text, answer]): [string, Answer] => [
    whole(text),
    JSON.parse(whole(JSON.stringify(answer))) as Answer,
  ]);

describe('the tables', () => {
  it('are not short', () => {
    expect(unitFiles.length).toBeGreaterThan(400);
    expect(dataUrls.length).toBeGreaterThan(250);
    expect(goUrls.length).toBeGreaterThan(290);
  });
  it('unit files', () => {
    for (const [text, answer] of rows(unitFiles)) {
      const read = readUnitFile(text);
      expect([text, read.ok ? { sections: [...read.value].sort() } : { error: read.error }]).toEqual([text, answer]);
    }
  });
  it('data URLs', () => {
    for (const [text, { error }] of rows(dataUrls)) expect([text, dataUrlFault(text)]).toEqual([text, error]);
  });
  it('URLs', () => {
    for (const [text, answer] of rows(goUrls)) {
      const read = parseGoUrl(text);
      const ours = read.ok ? { scheme: read.value.scheme, text: read.value.text } : { error: read.error };
      expect([text, ours]).toEqual([text, answer]);
    }
  });
});

/** In the reference: config/v3_x/types of coreos/ignition, Go's encoding/json (null leaves a value as it is), its merge. */
describe('nulls', () => {
  it.each(NULLS())('%s', async (_what, config, expected) => {
    const { compose } = await import('../../src/ignition/compose.ts');
    const composed = compose({ user: JSON.stringify(config).replaceAll('"$null"', 'null') }, 'ignition');
    const ours = composed.ok
      ? JSON.parse(composed.value.text)
      : composed.error.entries.filter(({ severity }) => severity === 'error').map(({ message }) => message);
    expect(ours).toEqual(expected);
  });
});

function NULLS(): (readonly [string, object, unknown])[] {
  const v = { ignition: { version: '3.4.0' } };
  const files = (file: object) => ({ ...v, storage: { files: [file] } });
  return [
    ['a section is absent', { ...v, storage: null, systemd: null, passwd: null }, v],
    ['a list is absent', { ...v, storage: { files: null } }, v],
    ['a nullable text is absent', files({ path: '/a', contents: { source: null } }), files({ path: '/a' })],
    ['a nullable number is absent', files({ path: '/a', mode: null }), files({ path: '/a' })],
    ['a nullable flag is absent', files({ path: '/a', overwrite: null }), files({ path: '/a' })],
    ['an object is an empty one', files({ path: '/a', user: null }), files({ path: '/a' })],
    ['a plain text keeps its zero value', files({ path: null }), ['path not specified']],
    ['an element of a list of objects is an empty one', { ...v, storage: { files: [null] } }, ['path not specified']],
    [
      'an element of a list of texts is an empty text',
      { ...v, kernelArguments: { shouldExist: [null] } },
      { ...v, kernelArguments: { shouldExist: [''] } },
    ],
    ['the version is absent', { ignition: { version: null } }, ['unsupported config version']],
    ['the whole is an empty config', { ignition: null }, ['unsupported config version']],
  ];
}
