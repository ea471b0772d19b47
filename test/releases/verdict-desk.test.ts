import { beforeEach, describe, expect, it } from 'vitest';
import type { Version } from '../../src/releases/model.ts';
import { type CaseOutcome, type VerdictCase, VerdictDesk } from '../../src/releases/pass-through/verdict-desk.ts';
import type { ReleaseStore } from '../../src/releases/store/bucket.ts';
import type { Verdict } from '../../src/releases/store/verdict.ts';
import { err, ok } from '../../src/shared/result.ts';
import { nodePlatform } from '../support/node-platform.ts';

const GOOD: CaseOutcome = { kind: 'good', signedBy: 'A' };
const file = { channel: 'stable', board: 'amd64-usr', version: '4593.2.5' as Version, file: 'a' };
const kase: VerdictCase = {
  file,
  facts: { size: 5, etag: '"e"', lastModified: 0, upstreamTag: '"e"' },
  signatureHash: 'h',
};
const never = () => new Promise<CaseOutcome>(() => undefined);

let shift: number;
let starts: number;
let writes: Verdict[];
let isBroken: boolean;
let desk: VerdictDesk;
beforeEach(() => {
  shift = 0;
  starts = 0;
  writes = [];
  isBroken = false;
  const store = {
    writeVerdict: async (_file: unknown, verdict: Verdict) => {
      if (isBroken) return err({ reason: 'store-unreachable', operation: 'write verdict' });
      writes.push(verdict);
      return ok(undefined);
    },
    verdict: async () => ok(writes.at(-1)),
  } as unknown as ReleaseStore;
  const timer = (milliseconds: number) => nodePlatform.timer(milliseconds / 1000);
  desk = new VerdictDesk({ ...nodePlatform, timer, now: () => shift }, store);
});

const begin = (outcome: () => Promise<CaseOutcome>) => () => {
  starts += 1;
  return desk.lead(kase, false, outcome);
};

describe('the verdict desk', () => {
  it('lets all who wait share one verification', async () => {
    const slow = () => new Promise<CaseOutcome>((resolve) => setTimeout(() => resolve(GOOD), 5));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => desk.join(kase, begin(slow))));
    expect(outcomes).toEqual(Array(20).fill(GOOD));
    expect(starts).toBe(1);
  });

  it('gives up waiting, and replaces a verification that has been silent for a minute', async () => {
    expect(await desk.join(kase, begin(never))).toBeUndefined();
    expect(await desk.join(kase, begin(never))).toBeUndefined();
    expect(starts).toBe(1);
    shift = 61_000;
    expect(
      await desk.join(
        kase,
        begin(async () => GOOD),
      ),
    ).toEqual(GOOD);
    expect(starts).toBe(2);
  });

  it("waits for a download a little, not at its client's pleasure", async () => {
    void desk.lead(kase, true, never);
    expect(
      await desk.join(
        kase,
        begin(async () => GOOD),
      ),
    ).toEqual(GOOD);
    expect(starts).toBe(1);
  });

  it('takes the word of a download that ends in time', async () => {
    void desk.lead(kase, true, async () => GOOD);
    expect(await desk.join(kase, begin(never))).toEqual(GOOD);
    expect(starts).toBe(0);
  });

  it('knows a verdict only for the very case: etag, size and signature', async () => {
    await desk.settle(kase, { kind: 'bad', reason: 'bad-signature' });
    expect(await desk.known(kase)).toMatchObject({ value: { good: false } });
    for (const other of [
      { ...kase, signatureHash: 'mended' },
      { ...kase, facts: { ...kase.facts, etag: '"f"' } },
      { ...kase, facts: { ...kase.facts, size: 6 } },
    ]) {
      expect(await desk.known(other)).toEqual(ok(undefined));
    }
  });

  it('does not trust a good verdict on a file that nothing tells apart, and does trust a bad one', async () => {
    const nameless = { ...kase, facts: { size: 5, etag: undefined, lastModified: undefined, upstreamTag: undefined } };
    await desk.settle(nameless, GOOD);
    expect(await desk.known(nameless)).toEqual(ok(undefined));
    await desk.settle(nameless, { kind: 'bad', reason: 'bad-signature' });
    expect(await desk.known(nameless)).toMatchObject({ value: { good: false } });
  });

  it('stores nothing for a verification that broke, and survives a store that takes nothing', async () => {
    await desk.settle(kase, { kind: 'broken', fault: { reason: 'client-gone' } });
    expect(writes).toEqual([]);
    isBroken = true;
    await desk.settle(kase, { kind: 'bad', reason: 'bad-signature' });
    expect(writes).toEqual([]);
  });
});
