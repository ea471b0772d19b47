/** A profile with more machines than one call can look at: a change is checked on all of them, and stored at the end or not at all. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dryBucket } from '../../src/shared/dry-run/bucket.ts';
import { config } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const MACHINES = 4_700;
/** More than one call looks at, and more than one run of the Workflow. */
const LINES = 300;

interface Check {
  readonly state: string;
  readonly checked: number;
  readonly broken: number;
  readonly detail?: string;
  readonly breaks: readonly {
    readonly cause: string;
    readonly count: number;
    readonly examples: readonly { readonly id: string }[];
  }[];
}

let seeded: NodeEdge;
let edge: NodeEdge;
let shift: number;
beforeAll(async () => {
  seeded = await nodeEdge();
  await seeded.call('PUT', '/api/profiles/web/base', config('/base'));
  // Every fifth has an owner that only a base without one goes with.
  for (let at = 0; at < MACHINES; at += LINES) {
    const lines = Array.from({ length: Math.min(LINES, MACHINES - at) }, (_, index) => lineOf(at + index));
    expect((await seeded.call('POST', '/api/machines/import', lines.join('\n'))).status).toBe(200);
  }
  await seeded.settle();
});

// Each test writes over a copy.
beforeEach(async () => {
  shift = 0;
  const now = () => Date.now() + shift;
  edge = await nodeEdge({ platform: { now }, over: dryBucket(seeded.bucket.r2, now) });
});

const lineOf = (index: number): string =>
  JSON.stringify({
    ...{ id: `vm-${String(index).padStart(5, '0')}`, profile: 'web', epoch: 'e', nonce: 'n', expiry: 0 },
    ...{ channel: 'stable', board: 'amd64-usr', version: 'current', createdAt: '2026-01-01T00:00:00.000Z' },
    userData: index % 5 === 0 ? config('/shared', '3.3.0', { user: { name: 'core' } }) : config(`/own-${index}`),
  });
const BREAKING = config('/shared', '3.3.0', { user: { id: 500 } });

const put = async (body: string, query = '') => await edge.call('PUT', `/api/profiles/web/base${query}`, body);
const baseNow = async () => await (await edge.call('GET', '/api/profiles/web/base')).text();
const shown = async (location: string) => await (await edge.call('GET', location)).json<Check>();

describe('a harmless change', () => {
  it('goes on by itself, is shown on its way, and is stored once every machine was looked at', async () => {
    const answer = await put(config('/other'));
    const location = answer.headers.get('location') ?? '';
    expect([answer.status, await answer.json()]).toMatchObject([
      202,
      { checked: 1000, broken: 0, breaks: [], change: location.split('/').at(-1), dryRun: false },
    ]);
    expect(await baseNow()).toBe(config('/base'));
    expect(await shown(location)).toMatchObject({ state: 'checking', checked: 1000, what: 'base', by: 'operator' });
    expect(await edge.runChecks(1)).toBe(1);
    expect(await shown(location)).toMatchObject({ state: 'checking', checked: expect.any(Number) });
    await edge.runChecks();
    expect(await shown(location)).toMatchObject({
      state: 'stored',
      checked: MACHINES,
      broken: 0,
      detail: 'generation 2',
    });
    expect(await baseNow()).toBe(config('/other'));
    const list = await (await edge.call('GET', '/api/profiles/web/changes')).json<{ items: Check[] }>();
    expect(list.items.map(({ state }) => state)).toEqual(['stored']);
  });

  it('is taken up by whoever looks at it, where its run has died', async () => {
    const location = (await put(config('/other'))).headers.get('location') ?? '';
    edge.checks.splice(0);
    shift += 200_000;
    await shown(location);
    expect(edge.checks).toEqual([]);
    shift += 200_000;
    await shown(location);
    await shown(location);
    expect(edge.checks).toHaveLength(1);
    await edge.runChecks();
    expect(await shown(location)).toMatchObject({ state: 'stored', checked: MACHINES });
  });

  it('is not stored over what somebody else has written meanwhile, nor after it was cancelled', async () => {
    const first = (await put(config('/first'))).headers.get('location') ?? '';
    expect((await put(config('/forced'), '?force=1')).status).toBe(200);
    await edge.runChecks();
    expect(await shown(first)).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('was written meanwhile'),
    });
    const second = (await put(config('/second'))).headers.get('location') ?? '';
    expect(await (await edge.call('DELETE', second)).json()).toMatchObject({ state: 'cancelled' });
    await edge.runChecks();
    expect(await shown(second)).toMatchObject({ state: 'cancelled' });
    expect(await baseNow()).toBe(config('/forced'));
  });

  it('counts machines that were written while it went on', async () => {
    const location = (await put(BREAKING.replaceAll('/shared', '/late'))).headers.get('location') ?? '';
    shift += 1000;
    const late = config('/late', '3.3.0', { user: { name: 'core' } });
    expect((await edge.call('PUT', '/api/machines/aa-late?profile=web', late)).status).toBe(200);
    await edge.runChecks();
    expect(await shown(location)).toMatchObject({
      state: 'refused',
      broken: 1,
      breaks: [{ count: 1, examples: [{ id: 'aa-late' }] }],
    });
    expect(await baseNow()).toBe(config('/base'));
  });
});

describe('a breaking change', () => {
  it('is refused at once where the first machines show it, grouped by cause', async () => {
    const answer = await put(BREAKING);
    expect([answer.status, await answer.json()]).toMatchObject([
      409,
      {
        title: 'Machines would not boot any more',
        detail: expect.stringMatching(/^200 of 1000 machines looked at would not boot any more, such as vm-00000 /),
        ...{ checked: 1000, broken: 200 },
        breaks: [
          {
            cause: 'result: storage.files.*.user: cannot set both id and name',
            count: 200,
            examples: [{ id: 'vm-00000' }, { id: 'vm-00005' }, { id: 'vm-00010' }],
          },
        ],
      },
    ]);
    expect(edge.checks).toEqual([]);
  });

  it('is refused by its check where only later machines show it, and goes through when it is forced', async () => {
    const location =
      (await put(config('/own-4321', '3.3.0', { user: { id: 500 }, contents: { source: 'data:,x' } }))).headers.get(
        'location',
      ) ?? '';
    const own = config('/own-4321', '3.3.0', { user: { name: 'core' } });
    expect((await edge.call('PUT', '/api/machines/vm-04321?profile=web', own)).status).toBe(200);
    await edge.runChecks();
    expect(await shown(location)).toMatchObject({
      state: 'refused',
      broken: 1,
      breaks: [{ examples: [{ id: 'vm-04321' }] }],
      detail: expect.stringContaining('1 of'),
    });
    expect((await put(BREAKING, '?force=1')).status).toBe(200);
    expect(await baseNow()).toBe(BREAKING);
  });

  it('is shown by dry runs page by page, which store nothing', async () => {
    let cursor: string | null = '';
    let broken = 0;
    let checked = 0;
    while (cursor !== null) {
      const query: string = cursor === '' ? '?dry_run=1' : `?dry_run=1&cursor=${encodeURIComponent(cursor)}`;
      const page: { broken: number; checked: number; cursor: string | null } = await (
        await put(BREAKING, query)
      ).json();
      broken += page.broken;
      checked += page.checked;
      cursor = page.cursor;
    }
    expect([checked, broken]).toEqual([MACHINES, MACHINES / 5]);
    expect(await baseNow()).toBe(config('/base'));
    expect((await put(BREAKING, '?cursor=zzz&dry_run=1')).status).toBe(422);
  });
});
