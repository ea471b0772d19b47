import { beforeEach, describe, expect, it } from 'vitest';
import type { Version } from '../../src/releases/model.ts';
import {
  type JudgedFile,
  type VerificationOutcome,
  Verifications,
} from '../../src/releases/pass-through/verifications.ts';
import type { ReleaseStore } from '../../src/releases/store/bucket.ts';
import type { Verdict } from '../../src/releases/store/verdict.ts';
import { err, ok } from '../../src/shared/result.ts';
import { nodePlatform } from '../support/node-platform.ts';

const GOOD: VerificationOutcome = { kind: 'good', signedBy: 'A' };
const file = { channel: 'stable', board: 'amd64-usr', version: '4593.2.5' as Version, file: 'a' };
const judged: JudgedFile = {
  file,
  facts: { size: 5, etag: '"e"', lastModified: 0, upstreamTag: '"e"' },
  signatureHash: 'h',
};
const never = () => new Promise<VerificationOutcome>(() => undefined);

let shift: number;
let starts: number;
let writes: Verdict[];
let isBroken: boolean;
let verifications: Verifications;
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
  verifications = new Verifications({ ...nodePlatform, timer, now: () => shift }, store);
});

const begin = (outcome: () => Promise<VerificationOutcome>) => () => {
  starts += 1;
  return verifications.lead(judged, false, outcome);
};

describe('the verdict verifications', () => {
  it('lets all who wait share one verification', async () => {
    const slow = () => new Promise<VerificationOutcome>((resolve) => setTimeout(() => resolve(GOOD), 5));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => verifications.join(judged, begin(slow))));
    expect(outcomes).toEqual(Array(20).fill(GOOD));
    expect(starts).toBe(1);
  });

  it('gives up waiting, and replaces a verification that has been silent for a minute', async () => {
    expect(await verifications.join(judged, begin(never))).toBeUndefined();
    expect(await verifications.join(judged, begin(never))).toBeUndefined();
    expect(starts).toBe(1);
    shift = 61_000;
    expect(
      await verifications.join(
        judged,
        begin(async () => GOOD),
      ),
    ).toEqual(GOOD);
    expect(starts).toBe(2);
  });

  it("waits for a download a little, not at its client's pleasure", async () => {
    void verifications.lead(judged, true, never);
    expect(
      await verifications.join(
        judged,
        begin(async () => GOOD),
      ),
    ).toEqual(GOOD);
    expect(starts).toBe(1);
  });

  it('takes the word of a download that ends in time', async () => {
    void verifications.lead(judged, true, async () => GOOD);
    expect(await verifications.join(judged, begin(never))).toEqual(GOOD);
    expect(starts).toBe(0);
  });

  it('knows a verdict only for the very case: etag, size and signature', async () => {
    await verifications.settle(judged, { kind: 'bad', reason: 'bad-signature' });
    expect(await verifications.known(judged)).toMatchObject({ value: { good: false } });
    for (const other of [
      { ...judged, signatureHash: 'mended' },
      { ...judged, facts: { ...judged.facts, etag: '"f"' } },
      { ...judged, facts: { ...judged.facts, size: 6 } },
    ]) {
      expect(await verifications.known(other)).toEqual(ok(undefined));
    }
  });

  it('does not trust a good verdict on a file that nothing tells apart, and does trust a bad one', async () => {
    const nameless = {
      ...judged,
      facts: { size: 5, etag: undefined, lastModified: undefined, upstreamTag: undefined },
    };
    await verifications.settle(nameless, GOOD);
    expect(await verifications.known(nameless)).toEqual(ok(undefined));
    await verifications.settle(nameless, { kind: 'bad', reason: 'bad-signature' });
    expect(await verifications.known(nameless)).toMatchObject({ value: { good: false } });
  });

  it('stores nothing for a verification that broke, and survives a store that takes nothing', async () => {
    await verifications.settle(judged, { kind: 'broken', fault: { reason: 'client-gone' } });
    expect(writes).toEqual([]);
    isBroken = true;
    await verifications.settle(judged, { kind: 'bad', reason: 'bad-signature' });
    expect(writes).toEqual([]);
  });
});
