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

const GOOD: VerificationOutcome = { kind: 'good', signedBy: 'A', chunks: 'YQ==' };
const BAD: VerificationOutcome = { kind: 'bad', reason: 'bad-signature' };
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
    verdictDocument: () => ({
      read: async () => {
        const value = writes.at(-1);
        return ok(value && { value, etag: String(writes.length) });
      },
      write: async (verdict: Verdict, replacing: string | undefined) => {
        if (isBroken) return err({ reason: 'store-unreachable', operation: 'write verdict' });
        if (replacing !== (writes.length === 0 ? undefined : String(writes.length))) return ok(undefined);
        writes.push(verdict);
        return ok(String(writes.length));
      },
    }),
    refused: { write: async () => ok(undefined), remove: async () => ok(undefined) },
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

  it('knows a bad verdict only for the very case: etag, size and signature', async () => {
    await verifications.settle(judged, BAD, true);
    expect(await verifications.known(judged)).toMatchObject({ value: { bad: { good: false } } });
    for (const other of [
      { ...judged, signatureHash: 'mended' },
      { ...judged, facts: { ...judged.facts, etag: '"f"' } },
      { ...judged, facts: { ...judged.facts, size: 6 } },
    ]) {
      expect(await verifications.known(other)).toEqual(ok({}));
    }
  });

  it('knows a good verdict by size and signature, whatever tag upstream gives: it binds the bytes', async () => {
    await verifications.settle(judged, GOOD, true);
    const retagged = { ...judged, facts: { ...judged.facts, etag: '"f"' } };
    expect(await verifications.known(retagged)).toMatchObject({ value: { proof: { chunks: 'YQ==' } } });
    for (const other of [
      { ...judged, signatureHash: 'mended' },
      { ...judged, facts: { ...judged.facts, size: 6 } },
    ]) {
      expect(await verifications.known(other)).toEqual(ok({}));
    }
  });

  it('keeps a good verdict when the same file is bad another time, and notes that bad bytes have left', async () => {
    await verifications.settle(judged, GOOD, true);
    await verifications.settle(judged, BAD, false);
    expect(writes).toHaveLength(1);
    await verifications.settle(judged, BAD, true);
    expect(writes.at(-1)).toMatchObject({ good: true, chunks: 'YQ==', taintedAt: '1970-01-01T00:00:00.000Z' });
    expect(writes.at(-1)?.tag).not.toBe(writes[0]?.tag);
  });

  it('notes that bytes of another file may be with clients when a genuine file replaces a genuine one', async () => {
    await verifications.settle(judged, GOOD, false);
    await verifications.settle({ ...judged, signatureHash: 'other' }, { ...GOOD, chunks: 'YUE=' }, false);
    expect(writes.at(-1)).toMatchObject({ good: true, chunks: 'YUE=', taintedAt: expect.any(String) });
  });

  it('lets one caller in ten minutes try a bad file again', async () => {
    await verifications.settle(judged, BAD, true);
    const tries = async (at: number) => {
      shift = at;
      return await Promise.all([verifications.claimRetry(judged.file), verifications.claimRetry(judged.file)]);
    };
    expect(await tries(599_999)).toEqual([false, false]);
    expect((await tries(600_000)).filter(Boolean)).toHaveLength(1);
    expect(await tries(1_199_999)).toEqual([false, false]);
    expect((await tries(1_200_000)).filter(Boolean)).toHaveLength(1);
    await verifications.settle(judged, GOOD, false);
    expect(await tries(9_000_000)).toEqual([false, false]);
  });

  it('stores nothing for a verification that broke, and survives a store that takes nothing', async () => {
    await verifications.settle(judged, { kind: 'broken', fault: { reason: 'client-gone' } }, true);
    expect(writes).toEqual([]);
    isBroken = true;
    expect(await verifications.settle(judged, BAD, true)).toBe(false);
    expect(writes).toEqual([]);
  });
});
