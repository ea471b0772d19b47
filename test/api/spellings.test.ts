/** However a path is spelt: who may not make a call does not make it, and nothing is stored that no call has stored. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Call } from '../../src/api/contract/call.ts';
import { contract } from '../../src/api/contract/contract.ts';
import { config } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const calls = Object.entries<Call>(contract).filter(([, { isPublic }]) => isPublic !== true);
const PARAMS: Readonly<Record<string, string>> = {
  ...{ channel: 'stable', board: 'amd64-usr', version: '4593.2.5', alias: 'current', id: 'vm', name: 'web' },
};

let edge: NodeEdge;
let reader: Record<string, string>;
beforeAll(async () => {
  edge = await nodeEdge();
  await edge.call('PUT', '/api/profiles/web/base', config('/base'));
  await edge.call('PUT', '/api/machines/vm?profile=web', config('/user'));
  const { token } = await (await edge.call('PUT', '/api/tokens/weak', '{"may":["mirror"],"prefix":"other-"}')).json<{
    token: string;
  }>();
  reader = { authorization: `Bearer ${token}` };
  await edge.settle();
});

const encoded = (text: string) => `%${text.charCodeAt(0).toString(16)}`;
const twice = (text: string) => encoded(text).replace('%', '%25');

/** The path of a call in every spelling that a server may take for it. */
function spellingsOf({ path }: Call): string[] {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => PARAMS[name] ?? 'x');
  const segments = filled.slice(1).split('/');
  const spelt = segments.flatMap((segment, index) =>
    [encoded, twice].flatMap((spell) =>
      [0, segment.length - 1].map((at) => {
        const other = `${segment.slice(0, at)}${spell(segment[at] ?? '')}${segment.slice(at + 1)}`;
        return `/${segments.with(index, other).join('/')}`;
      }),
    ),
  );
  return [
    filled,
    ...spelt,
    `/${filled}`,
    filled.replaceAll('/', '//'),
    `${filled}/`,
    filled.toUpperCase(),
    filled.replace('/api', '/./api'),
  ];
}

const stored = () =>
  [...edge.bucket.objects.values()]
    .map(({ key, etag, version }) => `${key} ${etag} ${version}`)
    .filter((line) => !line.startsWith('counters/'));

describe.each(calls)('%s', (_name, call) => {
  const method = call.method.toUpperCase();
  const body = method === 'GET' || method === 'DELETE' ? undefined : '{}';
  it('is not made without a token, nor by one that may not', async () => {
    const before = stored();
    const mayMirror =
      call.needs === undefined ? false : call.needs.length === 0 ? false : call.needs.includes('mirror');
    for (const path of spellingsOf(call)) {
      const stranger = await edge.fetch(path, { method, ...(body === undefined ? {} : { body }) });
      expect([path, stranger.status >= 400 && stranger.status < 500]).toEqual([path, true]);
      if (mayMirror || (call.needs ?? []).length === 6) continue;
      const weak = await edge.call(method, path, body, reader);
      expect([path, weak.status >= 400 && weak.status < 500]).toEqual([path, true]);
    }
    await edge.settle();
    expect(stored()).toEqual(before);
  });

  it('takes no unknown name, and a dry run stores nothing', async () => {
    if (method === 'GET') return;
    const before = stored();
    for (const path of spellingsOf(call)) {
      const unknown = await edge.call(method, `${path}?qqqq=1`, body);
      expect([path, unknown.status]).toEqual([path, expect.toBeOneOf([404, 405, 422])]);
      await edge.call(method, `${path}?dry_run=1`, body);
    }
    await edge.settle();
    expect(stored()).toEqual(before);
  });
});

it('is audited by the path that was called', async () => {
  expect((await edge.call('PUT', '/api/%6dachines/vm-9', config('/user'))).status).toBe(200);
  const { items } = await (await edge.call('GET', '/api/audit?call=putMachine')).json<{ items: object[] }>();
  expect(items[0]).toMatchObject({ who: 'operator', target: '/api/machines/vm-9' });
});
