/** What a hostile review of the machines found. */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, expect, it } from 'vitest';
import { edgeOver, OPERATOR, OPERATOR_TOKEN } from '../support/edge.ts';
import { pathsOf } from '../support/json.ts';
import { config, machineEdge } from '../support/operator.ts';

beforeEach(() => reset());

it.each(['base', 'default'])(
  'an empty %s is refused: a tool that failed must not take it away from every machine',
  async (part) => {
    const edge = machineEdge();
    await edge.call('PUT', `/api/profiles/p/${part}`, config(`/${part}`));
    const answer = await edge.call('PUT', `/api/profiles/p/${part}`, '');
    expect([answer.status, (await answer.json<{ detail: string }>()).detail]).toEqual([
      422,
      `${part}: is empty; DELETE takes it away`,
    ]);
    expect((await edge.call('GET', `/api/profiles/p/${part}`)).status).toBe(200);
  },
);

it("another's record in a machine's or a profile's place is 503, never somebody else's config", async () => {
  const edge = machineEdge();
  await edge.call('PUT', '/api/profiles/web/base', config('/web'));
  await edge.call('PUT', '/api/profiles/db/base', config('/db'));
  const { urls } = await edge.putMachine('vm', config('/user'), '?profile=db');
  expect(pathsOf(await (await edge.boot(urls.ignition)).text())).toEqual(['/db', '/user']);
  const other = await env.RELEASES.get('profiles/web.json');
  await env.RELEASES.put('profiles/db.json', (await other?.text()) ?? '');
  expect((await machineEdge().boot(urls.ignition)).status).toBe(503);
});

it.each([
  ['version', 'current\nchain http://evil.example/x'],
  ['channel', 'no/pe'],
  ['board', '..'],
  ['expiry', 1e13],
])('an import with a %s that cannot be is refused with its line', async (field, value) => {
  const edge = machineEdge();
  await edge.putMachine('vm', config('/a'));
  const line = JSON.parse(await (await edge.call('GET', '/api/machines/export')).text()) as Record<string, unknown>;
  const answer = await edge.call('POST', '/api/machines/import', JSON.stringify({ ...line, [field]: value }));
  expect([answer.status, (await answer.json<{ detail: string }>()).detail]).toEqual([
    422,
    expect.stringMatching(new RegExp(`^line 1: ${field}: `)),
  ]);
});

it('without any secret a profile cannot be sealed: 503, not a crash', async () => {
  const edge = edgeOver({ RELEASES: env.RELEASES, MACHINES: env.MACHINES, OPERATOR_TOKEN });
  const init = { method: 'PUT', headers: OPERATOR, body: config('/a') };
  expect((await edge.fetch('/api/profiles/p/base', init)).status).toBe(503);
});
