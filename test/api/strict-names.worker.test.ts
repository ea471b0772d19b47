/** A name that a call does not know is refused with 422, and the stores are what they were, to the byte: of every call of the contract. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Call } from '../../src/api/contract/call.ts';
import { contract } from '../../src/api/contract/contract.ts';
import { call, edge, everything, made, openFullEdge, SENT } from './every-call.ts';

const calls = Object.entries<Call>(contract);
const names = [...new Set(calls.flatMap(([, { query }]) => Object.keys(query?.shape ?? {})))];
/** Unsigned calls, and those whose body the caller's own program does not write. */
const signedByOthers = ['announceByGithub'];

beforeAll(async () => {
  await openFullEdge();
  const lines = await (await call('GET', '/api/machines/export')).text();
  Object.assign(SENT, {
    importMachines: { body: lines },
    announceRelease: { body: JSON.stringify({ channel: 'stable', version: '4593.2.7' }) },
  });
});

async function refusal(response: Response) {
  const text = await response.text();
  // What curl and gpg fetch is refused in a line of text that begins with the name.
  if (!text.startsWith('{')) return [response.status, [text.split(':')[0]]];
  const body = JSON.parse(text) as { errors?: { field: string }[] };
  return [response.status, body.errors?.map(({ field }) => field)];
}

describe.each(calls.filter(([name]) => !signedByOthers.includes(name)))('%s', (name, which) => {
  const query = SENT[name]?.query ?? '';
  it('refuses a name of the query that nobody knows, and one of another call, and changes nothing', async () => {
    await edge.settle();
    const before = await everything();
    const other = names.find((known) => !Object.keys(which.query?.shape ?? {}).includes(known)) ?? '';
    for (const wrong of ['qqqq', other]) {
      const answer = await made(name, which, { query: `${query}&${wrong}=1` });
      expect([wrong, ...(await refusal(answer))]).toEqual([wrong, 422, [wrong]]);
    }
    await edge.settle();
    expect(await everything()).toEqual(before);
  });
});

const jsonCalls = calls.filter(([name, { body }]) => body?.kind === 'json' || name === 'importMachines');
describe.each(jsonCalls.filter(([name]) => !signedByOthers.includes(name)))('the body of %s', (name, which) => {
  it('refuses a name that it does not know, and changes nothing', async () => {
    await edge.settle();
    const before = await everything();
    const sent = JSON.parse(SENT[name]?.body?.split('\n')[0] ?? '{}') as object;
    for (const body of [JSON.stringify({ ...sent, qqqq: 1 }), '{"qqqq":true}']) {
      const answer = await made(name, which, { body });
      const [status, fields] = await refusal(answer);
      expect([body, status, (fields as string[] | undefined)?.some((field) => /(^|\.| )qqqq$/.test(field))]).toEqual([
        body,
        422,
        true,
      ]);
    }
    await edge.settle();
    expect(await everything()).toEqual(before);
  });
});

it('has a call for each kind of body', () => {
  expect(jsonCalls.length).toBeGreaterThan(6);
});
