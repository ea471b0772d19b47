/** What a machine would boot with another base or default: computed as its boot is, and stored nowhere. */
import { beforeEach, describe, expect, it } from 'vitest';
import { config } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

interface Previewed {
  readonly valid: boolean;
  readonly error: string | null;
  readonly entries: readonly { readonly layer: string }[];
  readonly config: { readonly storage: { readonly files: readonly { readonly path: string }[] } } | null;
}

let edge: NodeEdge;
beforeEach(async () => {
  edge = await nodeEdge();
  await edge.call('PUT', '/api/profiles/web/base', config('/base'));
  await edge.call('PUT', '/api/profiles/web/default', config('/default'));
  await edge.call('PUT', '/api/profiles/rack/base', config('/rack'));
  await edge.call('PUT', '/api/machines/a?profiles=rack,web', config('/user'));
  await edge.call('PUT', '/api/machines/plain?profile=web', '');
});

const ask = async (text: string, query = 'profile=web&layer=base', id = 'a') =>
  await edge.call('POST', `/api/machines/${id}/preview?${query}`, text);
const preview = async (...asked: Parameters<typeof ask>) => await (await ask(...asked)).json<Previewed>();
const pathsOf = ({ config: merged }: Previewed) => merged?.storage.files.map(({ path }) => path);

describe('a preview', () => {
  it('puts the text in the place of one layer, and stores nothing', async () => {
    const before = await (await edge.call('GET', '/api/profiles/web')).text();
    expect(pathsOf(await preview(config('/other')))).toEqual(['/rack', '/other', '/user']);
    expect(pathsOf(await preview(config('/r'), 'profile=rack&layer=base'))).toEqual(['/r', '/base', '/user']);
    expect(pathsOf(await preview(config('/d'), 'profile=web&layer=default', 'plain'))).toEqual(['/base', '/d']);
    expect(await (await edge.call('GET', '/api/profiles/web')).text()).toBe(before);
    const trail = await (await edge.call('GET', '/api/audit?call=previewMachine')).json<{ items: unknown[] }>();
    expect(trail.items).toEqual([]);
  });

  it('of what is stored is what the machine boots', async () => {
    const explained = await (await edge.call('GET', '/api/machines/a/explain')).json<{ config: object }>();
    expect((await preview(config('/base'))).config).toEqual(explained.config);
  });

  it('takes Butane, and an empty text for no layer at all', async () => {
    const butane = 'variant: flatcar\nversion: 1.1.0\nstorage: {files: [{path: /b}]}\n';
    expect(pathsOf(await preview(butane))).toEqual(['/rack', '/b', '/user']);
    expect(pathsOf(await preview(''))).toEqual(['/rack', '/user']);
  });

  it('says why the layers do not merge', async () => {
    const invalid = await preview('{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"relative"}]}}');
    expect(invalid).toMatchObject({ valid: false, config: null, error: expect.stringContaining('path not absolute') });
  });

  it.each([
    [
      'a profile that the machine has not',
      'profile=db&layer=base',
      'a',
      422,
      /profile.*is none of a, which has rack, web/,
    ],
    ['a layer that is none', 'profile=web&layer=user', 'a', 422, /layer/],
    ['a machine that is none', 'profile=web&layer=base', 'none', 404, /machine/],
    ['a name that it does not take', 'profile=web&layer=base&dry_run=1', 'a', 422, /dry_run/],
  ])('refuses %s', async (_what, query, id, status, sentence) => {
    const answer = await ask(config('/x'), query, id);
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringMatching(sentence)]);
  });
});
