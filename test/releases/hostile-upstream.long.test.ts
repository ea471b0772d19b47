/** Upstreams that answer every request as they like: no client ends with a complete file that nobody signed. */
import { beforeAll, expect, it } from 'vitest';
import { systemPlatform } from '../../src/shared/platform.ts';
import { makeRelease } from '../../tools/release-server/release.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../../tools/release-server/signing-key.ts';
import { edgeOver } from '../support/edge.ts';
import { memoryBucket } from '../support/memory-bucket.ts';
import { provideStreams } from '../support/node-streams.ts';
import { seeded } from '../support/seeded.ts';
import { casesOf } from '../support/thorough.ts';
import { CLIENTS, hostileFetch, KEY_URL, type Signed, TEMPLATE } from './hostile-upstream.ts';

/** `npm run fuzz` plays 2,000; `HOSTILE_RUNS` and `HOSTILE_FIRST` choose others. */
const RUNS = Number(process.env['HOSTILE_RUNS'] ?? (process.env['FUZZ_CASES'] === undefined ? casesOf(500, 30) : 2000));
const FIRST = Number(process.env['HOSTILE_FIRST'] ?? 1);
const IMAGE = 'flatcar_production_image.bin.bz2';
const PATH = `/stable/amd64-usr/4593.2.5/${IMAGE}`;
const SIZE = 2_500_000;
/** The clock of the edge runs this much faster than ours, so that its patience is short. */
const FASTER = 400;

let files: readonly [Signed, Signed];
let vars: Record<string, string>;
let key: string;
beforeAll(async () => {
  provideStreams();
  const signingKey = await makeSigningKey();
  key = publicKeyText(signingKey);
  vars = {
    UPSTREAM_URL: TEMPLATE,
    SIGNING_KEY_URL: KEY_URL,
    SIGNING_KEY_FINGERPRINTS: fingerprint(signingKey),
  };
  const signed = async (version: string): Promise<Signed> => {
    const made = await makeRelease({ version, files: { [IMAGE]: SIZE }, key: signingKey, bare: true });
    return {
      bytes: Uint8Array.from(made.get(IMAGE) ?? []),
      signature: Uint8Array.from(made.get(`${IMAGE}.sig`) ?? []),
    };
  };
  files = [await signed('4593.2.5'), await signed('4593.2.4')];
});

/** Three to six downloads, some of them at the same time, from one hostile upstream. */
async function play(seed: number): Promise<{ done: number; bad: string[] }> {
  const random = seeded(seed);
  const began = Date.now();
  const now = () => began + (Date.now() - began) * FASTER;
  const edge = edgeOver(
    { RELEASES: memoryBucket({ now }).r2, ...vars },
    {
      platform: {
        fetch: hostileFetch(random, key, files),
        now,
        timer: (milliseconds) => systemPlatform.timer(milliseconds / FASTER),
      },
    },
  );
  const bad: string[] = [];
  let done = 0;
  const download = async () => {
    const names = Object.keys(CLIENTS);
    const name = names[Math.floor(random() * names.length)] ?? 'wget';
    const got = await CLIENTS[name]?.(edge, PATH, random);
    if (got === undefined) return;
    done += 1;
    if (!files.some(({ bytes }) => Buffer.compare(bytes, got) === 0)) bad.push(`seed ${seed}: ${name}`);
  };
  for (let round = 0; round < 3; round += 1) {
    await (random() < 0.5 ? Promise.all([download(), download()]) : download());
  }
  await edge.settle();
  return { done, bad };
}

it(`${RUNS} hostile upstreams: no client ends with a complete file that nobody signed`, {
  timeout: 60_000 + RUNS * 3_000,
}, async () => {
  const bad: string[] = [];
  let done = 0;
  for (let seed = FIRST; seed < FIRST + RUNS; seed += 1) {
    const played = await play(seed);
    bad.push(...played.bad);
    done += played.done;
  }
  console.log(`${RUNS} hostile upstreams: ${done} downloads were completed, ${bad.length} of them bad`);
  expect(bad).toEqual([]);
  // Without downloads that end well nothing is proven.
  expect(done).toBeGreaterThan(RUNS / 2);
});
