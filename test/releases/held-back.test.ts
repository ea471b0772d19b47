/** The end of a file that no client gets before its signature has verified, byte by byte. */
import { describe, expect, it } from 'vitest';
import { type ByteSource, HELD_BACK_BYTES, sendAll, sendVerified } from '../../src/releases/pass-through/held-back.ts';
import type { UpstreamFault } from '../../src/releases/upstream/upstream.ts';
import { err, ok } from '../../src/shared/result.ts';
import type { RunningVerification } from '../../src/signing/verification.ts';

const SIGNER = { signedBy: 'A'.repeat(40), primary: 'B'.repeat(40), signedAt: 0 };
const bytesOf = (size: number) => Uint8Array.from({ length: size }, (_, index) => (index * 7 + (index >> 8)) & 255);

/** Gives `bytes` in chunks; then ends, or fails with `fault`. */
function sourceOf(bytes: Uint8Array, chunk: number, fault?: UpstreamFault) {
  const state = { at: 0, isCancelled: false };
  const source: ByteSource = {
    next: async () => {
      if (state.at >= bytes.length) return fault === undefined ? ok(undefined) : err(fault);
      state.at += chunk;
      return ok(bytes.subarray(state.at - chunk, state.at));
    },
    cancel: async () => {
      state.isCancelled = true;
    },
  };
  return { state, source };
}

/** Bytes as they come, counted and kept. */
class Kept {
  length = 0;
  readonly #chunks: Uint8Array[] = [];

  take(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  is(bytes: Uint8Array): boolean {
    return Buffer.concat(this.#chunks).equals(bytes);
  }
}

/** What a client has got, whether its stream was ended or cut; from `most` bytes on it is gone. */
function client(most = Number.POSITIVE_INFINITY) {
  const got = new Kept();
  const seen = { got, ending: 'open' as 'open' | 'ended' | 'cut' };
  const sink = new WritableStream<Uint8Array>({
    write: (chunk) => {
      if (got.length >= most) throw new Error('gone');
      got.take(chunk);
    },
    close: () => {
      seen.ending = 'ended';
    },
    abort: () => {
      seen.ending = 'cut';
    },
  });
  return { seen, sink };
}

/** A verification that hashes nothing: it remembers what it was given and gives the verdict it is told. */
function verification(isGood: boolean, atVerdict: () => void = () => undefined) {
  const taken = new Kept();
  const running: RunningVerification = {
    update: (chunk) => taken.take(chunk),
    finish: async () => {
      atVerdict();
      return isGood ? ok(SIGNER) : err({ reason: 'bad-signature' });
    },
  };
  return { taken, running };
}

const nothing = async () => undefined;
const SIZES = [0, 1, HELD_BACK_BYTES - 1, HELD_BACK_BYTES, HELD_BACK_BYTES + 1, 2 * HELD_BACK_BYTES + 77];
const CHUNKS = [1000, 65_536, HELD_BACK_BYTES, 10 ** 6];
const CASES = SIZES.flatMap((size) => CHUNKS.map((chunk) => ({ size, chunk })));
const free = (size: number) => Math.max(0, size - HELD_BACK_BYTES);

it('a bug in the hashing is thrown on, and the stream of the client is cut', async () => {
  const { seen, sink } = client();
  const broken: RunningVerification = {
    update: () => {
      throw new TypeError('planted');
    },
    finish: async () => ok(SIGNER),
  };
  const sending = sendVerified(sourceOf(bytesOf(10 ** 6), 65_536).source, 10 ** 6, broken, sink, nothing);
  await expect(sending).rejects.toThrow('planted');
  expect(seen.ending).toBe('cut');
});

describe('a file', () => {
  it.each(CASES)('$size bytes, $chunk at a time: held back to the verdict, then whole', async ({ size, chunk }) => {
    const bytes = bytesOf(size);
    const { seen, sink } = client();
    let before = -1;
    const { taken, running } = verification(true, () => {
      before = seen.got.length;
    });
    const sent = await sendVerified(sourceOf(bytes, chunk).source, size, running, sink, nothing);
    expect(sent).toEqual({ kind: 'good', signedBy: SIGNER.signedBy, delivered: true });
    expect([before, seen.ending]).toEqual([free(size), 'ended']);
    expect(seen.got.is(bytes) && taken.is(bytes)).toBe(true);
  });

  it.each(CASES)('$size bytes, $chunk at a time: cut before its end when it is bad', async ({ size, chunk }) => {
    const bytes = bytesOf(size);
    const { seen, sink } = client();
    const told: string[] = [];
    const sent = await sendVerified(
      sourceOf(bytes, chunk).source,
      size,
      verification(false).running,
      sink,
      async (fault) => {
        // What is told here must be known to all before the client can ask for the rest.
        await new Promise((resolve) => setImmediate(resolve));
        told.push(`${fault.reason} while ${seen.ending}`);
      },
    );
    expect(sent).toEqual({ kind: 'bad', fault: { reason: 'bad-signature' } });
    expect([told, seen.got.length, seen.ending]).toEqual([['bad-signature while open'], free(size), 'cut']);
  });
});

describe('what goes wrong under way', () => {
  const size = 2 * HELD_BACK_BYTES;

  it('a source that fails cuts the client short, and is no verdict', async () => {
    const { seen, sink } = client();
    const { source } = sourceOf(bytesOf(size / 2 + 1000), 1000, { reason: 'truncated' });
    const sent = await sendVerified(source, size, verification(true).running, sink, nothing);
    expect(sent).toEqual({ kind: 'source-failed', fault: { reason: 'truncated' } });
    expect(seen.ending).toBe('cut');
    expect(seen.got.length).toBeLessThan(size);
  });

  it('a client that has gone ends the reading of the source', async () => {
    const { state, source } = sourceOf(bytesOf(size), 1000);
    const sent = await sendVerified(source, size, verification(true).running, client(5000).sink, nothing);
    expect(sent).toEqual({ kind: 'client-gone' });
    expect(state.isCancelled).toBe(true);
    expect(state.at).toBeLessThan(10_000);
  });

  it('a client that goes when it is to get the end does not change the verdict', async () => {
    const sent = await sendVerified(
      sourceOf(bytesOf(size), 1000).source,
      size,
      verification(true).running,
      client(free(size)).sink,
      nothing,
    );
    expect(sent).toEqual({ kind: 'good', signedBy: SIGNER.signedBy, delivered: false });
  });

  it('a file that is longer than it was said to be gives no more than the boundary before the verdict', async () => {
    const { seen, sink } = client();
    const longer = bytesOf(size + 5000);
    await sendVerified(sourceOf(longer, 1000).source, size, verification(false).running, sink, nothing);
    expect([seen.got.length, seen.ending]).toEqual([free(size), 'cut']);
  });
});

describe('a part, which nothing is held back of', () => {
  it('arrives whole', async () => {
    const { seen, sink } = client();
    expect(await sendAll(sourceOf(bytesOf(10_000), 999).source, sink)).toEqual({ kind: 'sent' });
    expect(seen.got.is(bytesOf(10_000))).toBe(true);
    expect(seen.ending).toBe('ended');
  });
  it('is cut, never ended, when its source fails', async () => {
    const { seen, sink } = client();
    const { source } = sourceOf(bytesOf(5000), 1000, { reason: 'stalled' });
    expect(await sendAll(source, sink)).toEqual({ kind: 'source-failed', fault: { reason: 'stalled' } });
    expect([seen.got.length <= 5000, seen.ending]).toEqual([true, 'cut']);
  });
  it('is not read on when the client has gone', async () => {
    const { state, source } = sourceOf(bytesOf(50_000), 1000);
    expect(await sendAll(source, client(2000).sink)).toEqual({ kind: 'client-gone' });
    expect(state.isCancelled).toBe(true);
  });
});
