/** A dry run of every write of the contract: the answer is the one that it would be, and the stores are what they were, to the byte. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Call, isWrite } from '../../src/api/contract/call.ts';
import { contract } from '../../src/api/contract/contract.ts';
import { config } from '../support/machine-texts.ts';
import { call, edge, everything, made, openFullEdge, SENT } from './every-call.ts';

const writes = Object.entries<Call>(contract).filter(([, call]) => isWrite(call));
beforeAll(openFullEdge);

describe('a dry run', () => {
  it.each(writes)('of %s answers, and stores nothing', async (name, write) => {
    if (name === 'importMachines') {
      const lines = await (await call('GET', '/api/machines/export')).text();
      Object.assign(SENT, { importMachines: { body: lines.replace('vm-1', 'vm-9') } });
    }
    if (name === 'announceRelease')
      Object.assign(SENT, { announceRelease: { body: JSON.stringify({ channel: 'stable', version: '4593.2.7' }) } });
    if (name === 'announceByGithub') return;
    await edge.settle();
    const before = await everything();
    const launched = edge.launched.length;
    const answer = await made(name, write, { query: `dry_run=1&${SENT[name]?.query ?? ''}` });
    const body = await answer.json<Record<string, unknown>>();
    expect([name, answer.status, body]).toEqual([name, write.answer.status, expect.anything()]);
    if (name !== 'cancelProfileChange') expect(body['dryRun'], name).toBe(true);
    await edge.settle();
    expect(await everything()).toEqual(before);
    expect(edge.launched.length).toBe(launched);
  });

  it('tells what it would do, and the same call without it does so', async () => {
    const dry = await (
      await call('PUT', '/api/aliases/stable/amd64-usr/current?dry_run=1', '{"version":"4593.2.5"}')
    ).json();
    expect(dry).toMatchObject({ before: '4593.2.4', version: '4593.2.5', dryRun: true });
    const real = await (
      await call('PUT', '/api/aliases/stable/amd64-usr/current', '{"version":"4593.2.5"}')
    ).json<object>();
    expect({ ...real, since: '' }).toEqual({ ...(dry as object), dryRun: false, since: '' });
    expect(await (await call('GET', '/api/machines/vm-2')).json()).toMatchObject({ status: 404 });
  });

  it('of what is refused is refused', async () => {
    expect((await call('PUT', '/api/machines/vm-3?dry_run=1', config('relative'))).status).toBe(422);
    expect((await call('DELETE', '/api/profiles/web?dry_run=1')).status).toBe(409);
    expect(await (await call('PUT', '/api/machines/vm-3?dry_run=yes', '')).json()).toMatchObject({
      status: 422,
      errors: [{ field: 'dry_run', message: 'must be 1 or 0' }],
    });
  });
});
