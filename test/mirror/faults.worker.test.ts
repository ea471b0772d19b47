/** A few rows of the fault table in workerd: over the real emulation of R2, real streams, and an upstream behind a real connection. */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, expect, it } from 'vitest';
import { systemPlatform } from '../../src/shared/platform.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';
import type { Kind } from './fault-injector.ts';
import { HERE, IMAGE, KERNEL, play, type Row, VERSION, type World } from './fault-table.ts';

/** The smallest that R2 takes. */
const PART_BYTES = 5 * 1024 * 1024;
const IMAGE_BYTES = PART_BYTES + 300_000;
const SPOILT_AT = PART_BYTES + 5;

let tenant: UpstreamTenant;
let vars: World['vars'];
const genuine = new Map<string, Uint8Array>();

beforeAll(async () => {
  tenant = new UpstreamTenant('faults');
  const files = { [IMAGE]: IMAGE_BYTES, [KERNEL]: 3000 };
  const made = await tenant.release({
    ...{ channel: 'stable', board: 'amd64-usr', version: VERSION, files },
    aliases: ['current'],
  });
  for (const name of made) genuine.set(name, await tenant.bytes(`${HERE}/${name}`));
  const key = await tenant.key({ key: 'common' });
  await tenant.put('key.asc', key.armored);
  vars = {
    UPSTREAM_URL: tenant.template,
    SIGNING_KEY_URL: tenant.url('key.asc'),
    SIGNING_KEY_FINGERPRINTS: key.fingerprint,
  };
});

/** Patience in hundredths: what hangs must be given up, and no test waits seconds for that. */
const hurried: World['platform']['timer'] = (milliseconds) => systemPlatform.timer(Math.min(milliseconds / 100, 200));

function world(): World {
  let shift = 0;
  return {
    bucket: env.RELEASES,
    platform: { ...systemPlatform, timer: hurried, now: () => Date.now() + shift },
    vars,
    partBytes: PART_BYTES,
    genuine,
    spoil: () => tenant.flip(`${HERE}/${IMAGE}`, SPOILT_AT),
    until: (work) => work,
    pass: async (milliseconds) => {
      shift += milliseconds;
    },
    openUploads: async (begun) => {
      const isOpen = await Promise.all(begun.map(({ key, id }) => takesPart(key, id)));
      return begun.filter((_, index) => isOpen[index]).map(({ id }) => id);
    },
    // Nobody watches every write here.
    breaches: () => [],
  };
}

/** R2 has no list of uploads, but one that is over takes no part any more. */
const takesPart = (key: string, id: string): Promise<boolean> =>
  env.RELEASES.resumeMultipartUpload(key, id)
    .uploadPart(9999, 'is anybody there?')
    .then(
      () => true,
      () => false,
    );

const ROWS: readonly [kind: Kind, call: RegExp, release?: Row['release']][] = [
  ['cut', /^GET .*bz2$/],
  ['slow', /^GET .*bz2$/],
  ['hang', /^createMultipartUpload/],
  ['fail', /^uploadPart .* 2$/],
  ['restart', /^uploadPart .* 1$/],
  ['cut', /^complete/],
  ['restart', /^compare-and-set manifests/],
  ['fail', /^abort/, 'spoilt'],
];

it.each(ROWS)('%s at %s', async (kind, call, release = 'good') => {
  await reset();
  const { struck } = await play(world(), { kind, release, fits: (_number, name) => call.test(name) });
  expect(struck).toMatch(call);
});
