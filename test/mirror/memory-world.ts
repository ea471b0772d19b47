/** A world of the fault table in plain Node: R2 in memory, upstream in the same process, and time that jumps. */
import { createHash } from 'node:crypto';
import type { PrivateKey } from 'openpgp';
import { makePayload, makeSigning } from '../../tools/release-server/payload.ts';
import { makeRelease } from '../../tools/release-server/release.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../../tools/release-server/signing-key.ts';
import { memoryBucket } from '../support/memory-bucket.ts';
import { MemoryUpstream } from '../support/memory-upstream.ts';
import { provideStreams } from '../support/node-streams.ts';
import { makeCryptoPrompt } from '../support/prompt-crypto.ts';
import { seeded } from '../support/seeded.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { HERE, IMAGE, KERNEL, PAIR, VERSION, type World } from './fault-table.ts';
import { breaches } from './laws.ts';

const UPDATE = 'flatcar_production_update.gz';
const PART_BYTES = 16 * 1024;
/** The image has four parts. */
const SIZES = { [IMAGE]: 50_000, [KERNEL]: 3000 };
const SPOILT_AT = 30_000;
const CREATED = new Date('2025-01-01T00:00:00Z');
const SIGNED = new Date('2025-01-02T00:00:00Z');

/** What is the same in every world: made once, for signing costs more than a whole row. */
export interface Release {
  readonly key: PrivateKey;
  readonly genuine: ReadonlyMap<string, Buffer>;
  /** The key of its update payload, as UPDATE_KEY takes it. */
  readonly updateKey: string;
}

/** Prepares this process as well. */
export async function prepareRelease(): Promise<Release> {
  provideStreams();
  const key = await makeSigningKey({ created: CREATED });
  const made = await makeRelease({ version: VERSION, files: SIZES, key, signedAt: SIGNED });
  makeCryptoPrompt();
  // Releases before 2022 have no digests of their own for a file; here the image alone has some.
  const genuine = new Map([...made].filter(([name]) => !name.includes('.DIGESTS') || name.startsWith(IMAGE)));
  const signing = makeSigning();
  const digest = (name: string) =>
    createHash('sha256')
      .update(genuine.get(name) ?? '')
      .digest();
  const payload = makePayload({ data: Buffer.alloc(40_000, 7), signings: [signing], kernel: digest(KERNEL) });
  genuine.set(`update/${UPDATE}`, payload);
  return { key, genuine, updateKey: signing.publicKey };
}

/** A new world; `writeAgainMs` makes its R2 refuse a second write to a key that comes too soon. */
export function makeWorld({ key, genuine, updateKey }: Release, writeAgainMs = 0): World {
  const clock = new VirtualClock();
  const upstream = new MemoryUpstream(clock.timer, SIGNED);
  for (const [name, bytes] of genuine)
    upstream.put(name === `update/${UPDATE}` ? `update/amd64-usr/${VERSION}/${UPDATE}` : `${HERE}/${name}`, bytes);
  upstream.alias(`${PAIR}/current`, VERSION);
  upstream.put('key.asc', Buffer.from(publicKeyText(key)));
  const broken: string[] = [];
  const changed = (at: string) => void broken.push(...breaches(bucket.objects, at, genuine));
  const bucket = memoryBucket({ now: clock.now, minPartBytes: PART_BYTES, writeAgainMs, changed });
  return {
    bucket: bucket.r2,
    platform: { fetch: upstream.fetch, timer: clock.timer, now: clock.now, random: seeded(1) },
    vars: {
      UPSTREAM_URL: upstream.template,
      UPDATE_URL: upstream.url('update/{board}/{version}/{file}'),
      UPDATE_FILES: UPDATE,
      UPDATE_KEY: updateKey,
      SIGNING_KEY_URL: upstream.url('key.asc'),
      SIGNING_KEY_FINGERPRINTS: fingerprint(key),
    },
    partBytes: PART_BYTES,
    genuine,
    spoil: async () => upstream.flip(`${HERE}/${IMAGE}`, SPOILT_AT),
    until: (work) => clock.until(work),
    pass: (milliseconds) => clock.pass(milliseconds),
    openUploads: async () => bucket.openUploads().map(({ id }) => id),
    breaches: () => broken,
  };
}
