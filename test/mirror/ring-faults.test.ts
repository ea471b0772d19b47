/** A ring while a call of R2 fails: the right release or a 5xx, never another one, never a 404; and a change of it can be made again. */
import { describe, expect, it } from 'vitest';
import { makeSigningKey } from '../../tools/release-server/signing-key.ts';
import { type FaultyBucket, faultyBucketOver, type Mood } from '../support/faulty-bucket.ts';
import { memoryBucket } from '../support/memory-bucket.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const PAIR = 'stable/amd64-usr';
const DAY = 86_400_000;
const MOST_CALLS = 40;
const MOODS = ['throws', 'absent', 'cut'] as const satisfies readonly Mood[];
const key = await makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') });

interface World {
  readonly edge: NodeEdge;
  readonly r2: FaultyBucket;
  readonly wait: (milliseconds: number) => void;
}

async function open(): Promise<World> {
  let now = Date.parse('2026-06-01T00:00:00Z');
  const r2 = faultyBucketOver(memoryBucket({ now: () => now }).r2);
  const edge = await nodeEdge({
    key,
    versions: ['4593.2.4', '4593.2.5'],
    over: r2.bucket,
    platform: { now: () => now },
  });
  const wait = (milliseconds: number) => {
    now += milliseconds;
  };
  await edge.mirror('4593.2.4');
  await edge.call('PUT', `/api/aliases/${PAIR}/prod`, '{"follows":"current","after":"P7D"}');
  wait(8 * DAY);
  await edge.mirror('4593.2.5');
  return { edge, r2, wait };
}

const versionIn = (text: string): string | undefined => /^FLATCAR_VERSION=(.*)$/m.exec(text)?.[1];

/** Strikes the call with this number, counted from now; true once it has happened. */
function strike(r2: FaultyBucket, number: number, mood: Mood): () => boolean {
  let count = 0;
  r2.moodOf = () => {
    count += 1;
    return count === number ? mood : 'well';
  };
  return () => {
    r2.moodOf = () => 'well';
    return count >= number;
  };
}

describe.each(MOODS)('where one call %s', (mood) => {
  it('a download by a ring is of the right release, or is to be tried again', async () => {
    const { edge, r2, wait } = await open();
    for (let number = 1; number <= MOST_CALLS; number += 1) {
      wait(61_000);
      const wasStruck = strike(r2, number, mood);
      const answer = await edge.fetch(`/${PAIR}/prod/version.txt`);
      const text = await answer.text().catch(() => '');
      await edge.settle();
      const isOver = !wasStruck();
      // R2 is consistent: that it does not find what is there is no fault that it has, and a ring that is not there is 404.
      if (mood === 'absent') expect(text, `call ${number}`).not.toContain('4593.2.5');
      else if (answer.status === 200) expect(versionIn(text), `call ${number}`).toBe('4593.2.4');
      else expect(answer.status, `call ${number}`).toBeGreaterThanOrEqual(500);
      if (isOver) return;
    }
    expect.unreachable('more calls than a download may make');
  });

  it('a change of a ring is made, or can be made again', async () => {
    const { edge, r2 } = await open();
    for (let number = 1; number <= MOST_CALLS; number += 1) {
      const before = number % 2 === 0 ? 'P7D' : 'P9D';
      const body = JSON.stringify({ follows: 'current', after: before });
      const wasStruck = strike(r2, number, mood);
      const answer = await edge.call('PUT', `/api/aliases/${PAIR}/prod`, body);
      const isOver = !wasStruck();
      if (mood !== 'absent') expect([200, 503], `call ${number}`).toContain(answer.status);
      const again = await edge.call('PUT', `/api/aliases/${PAIR}/prod`, body);
      expect([again.status, await again.json()]).toMatchObject([200, { ring: { follows: 'current', after: before } }]);
      if (isOver) return;
    }
    expect.unreachable('more calls than a change may make');
  });
});
