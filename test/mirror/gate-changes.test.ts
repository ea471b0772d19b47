/** The gate where an operator changes a name, and where rings follow what the operator did. */
import { beforeAll, describe, expect, it } from 'vitest';
import { makeSigningKey } from '../../tools/release-server/signing-key.ts';
import { movingClock } from '../support/moving-clock.ts';
import { type NodeEdge, type NodeEdgeOptions, nodeEdge } from '../support/node-edge.ts';

const PAIR = 'stable/amd64-usr';
const [OLD, NEW, NEWER] = ['4593.2.4', '4593.2.5', '4593.2.6'];
const KERNEL = 'flatcar_production_pxe.vmlinuz';
const PACKAGES = 'flatcar_production_image_packages.txt';
const HOUR = 3_600_000;
const QUARTER = 15 * 60_000;
/** A config that Ignition 2.14 does not read. */
const NEW_SPEC = JSON.stringify({
  ignition: { version: '3.4.0' },
  storage: { luks: [{ name: 'data', device: '/dev/sdb', discard: true }] },
});

let key: Awaited<ReturnType<typeof makeSigningKey>>;
beforeAll(async () => {
  key = await makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') });
});

/** An edge whose releases have an old Ignition where `isOld` says so. */
async function open(isOld: (version: string) => boolean, options: Partial<NodeEdgeOptions> = {}) {
  const clock = movingClock();
  const edge = await nodeEdge({
    key,
    versions: [OLD, NEW, NEWER],
    filesOf: (version) => ({
      [KERNEL]: 300,
      [PACKAGES]: `sys-apps/ignition-${isOld(version) ? '2.14.0' : '2.24.0'}\n`,
    }),
    platform: { now: clock.platform.now },
    ...options,
    vars: { MIRROR_FILES: [KERNEL, PACKAGES].join(), ...options.vars },
  });
  return { edge, clock };
}
const onlyNew = (version: string) => version === NEW;
const seen = async (edge: NodeEdge, alias: string, pair = PAIR) => {
  const answer = await edge.call('GET', `/api/aliases/${pair}/${alias}`);
  const view = await answer.json<{ version: string | null; holds: { version: string; why: string }[] }>();
  return [view.version, ...view.holds.map(({ version, why }) => `${version} ${why}`)];
};
const status = async (answer: Promise<Response>) => (await answer).status;
const putAlias = (edge: NodeEdge, alias: string, body: object, query = '', pair = PAIR) =>
  edge.call('PUT', `/api/aliases/${pair}/${alias}${query}`, JSON.stringify(body));
const ring = (after: string, follows = 'current') => ({ follows, after });
async function machine(edge: NodeEdge, version: string) {
  expect(await status(edge.call('PUT', '/api/profiles/web/base', NEW_SPEC))).toBe(200);
  expect(await status(edge.call('PUT', `/api/machines/web-1?profile=web&version=${version}`, ''))).toBe(200);
}

describe('the gate, when an operator changes a name', () => {
  it('looks at what an alias names without its pin', async () => {
    const { edge } = await open(onlyNew);
    await edge.mirror(OLD);
    expect(await status(putAlias(edge, 'current', { version: OLD }))).toBe(200);
    await edge.mirror(NEW);
    await machine(edge, 'current');
    const path = `/api/aliases/${PAIR}/current`;
    const refused = await edge.call('DELETE', path);
    expect([refused.status, await refused.json()]).toMatchObject([409, { broken: 1 }]);
    expect(await seen(edge, 'current')).toEqual([OLD]);
    expect(await status(edge.call('DELETE', `${path}?force=1`))).toBe(200);
    expect(await seen(edge, 'current')).toEqual([NEW]);
  });

  it('looks at what a pinned ring names when it follows again, and lets a new ring be made', async () => {
    const { edge } = await open(onlyNew);
    await edge.mirror(OLD);
    await edge.mirror(NEW);
    expect(await status(putAlias(edge, 'prod', { version: OLD }))).toBe(200);
    await machine(edge, 'prod');
    expect(await status(putAlias(edge, 'prod', ring('P0D')))).toBe(409);
    expect(await seen(edge, 'prod')).toEqual([OLD]);
    expect(await status(putAlias(edge, 'prod', ring('P0D'), '?force=1'))).toBe(200);
    expect(await seen(edge, 'prod')).toEqual([NEW]);
    expect(await status(putAlias(edge, 'fresh', ring('P0D')))).toBe(200);
  });

  it.each(['', '?force=1'])(
    'a ring stays where it is when its alias goes back to what it must not take %s',
    async (force) => {
      const { edge, clock } = await open(onlyNew, { vars: { KEEP_RELEASES: '1' } });
      await edge.mirror(NEWER);
      expect(await status(putAlias(edge, 'prod', ring('P0D')))).toBe(200);
      expect(await status(putAlias(edge, 'free', ring('P0D')))).toBe(200);
      await edge.mirror(NEW);
      await machine(edge, 'prod');
      expect(await status(putAlias(edge, 'current', { version: NEW }, force))).toBe(200);
      expect(await seen(edge, 'current')).toEqual([NEW]);
      expect(await seen(edge, 'free')).toEqual([NEW]);
      expect(await seen(edge, 'prod')).toEqual([NEWER, `${NEW} machines`]);
      clock.advance(30 * 24 * HOUR);
      await edge.poll();
      await edge.runAll();
      expect(await seen(edge, 'prod')).toEqual([NEWER, `${NEW} machines`]);
      expect(await status(edge.fetch(`/${PAIR}/prod/${KERNEL}`))).toBe(200);
      // Mended, it goes where its alias is.
      expect(await status(edge.call('PUT', '/api/profiles/web/base', '{"ignition":{"version":"3.0.0"}}'))).toBe(200);
      clock.advance(2 * HOUR);
      await edge.poll();
      expect(await seen(edge, 'prod')).toEqual([NEW]);
    },
  );

  it('keeps every hold that counts, however many releases another stream has', async () => {
    const LTS = 'lts/amd64-usr';
    const olds = ['4081.3.4', '4081.3.5'];
    const news = Array.from({ length: 9 }, (_, at) => `4593.3.${at}`);
    const { edge, clock } = await open(() => false, {
      versions: [...olds, ...news],
      filesOf: () => ({ [KERNEL]: 300 }),
      vars: {
        MIRROR: `${LTS}/current-2024,${LTS}/current-2026`,
        ...{ MIRROR_FILES: KERNEL, PROMOTE_AFTER_BOOTS: '10', KEEP_RELEASES: '20' },
      },
    });
    for (const [path, bytes] of [...edge.upstream]) edge.upstream.set(path.replace('/stable/', '/lts/'), bytes);
    const name = (alias: string, version: string) => {
      for (const file of ['version.txt', 'version.txt.sig']) {
        const bytes = edge.upstream.get(`/${LTS}/${version}/${file}`);
        if (bytes !== undefined) edge.upstream.set(`/${LTS}/${alias}/${file}`, bytes);
      }
    };
    const publish = async (alias: string, version: string) => {
      name(alias, version);
      await edge.poll();
      await edge.runAll();
      clock.advance(HOUR);
    };
    name('current-2026', news[0] ?? '');
    await publish('current-2024', olds[0] ?? '');
    expect(await status(putAlias(edge, 'prod24', ring('P1D', 'current-2024'), '', LTS))).toBe(200);
    clock.advance(48 * HOUR);
    for (const version of news.slice(1)) await publish('current-2026', version);
    expect(await seen(edge, 'current-2026', LTS)).toEqual(['4593.3.8']);
    expect(await seen(edge, 'prod24', LTS)).toEqual([olds[0]]);
    await publish('current-2024', olds[1] ?? '');
    expect(await seen(edge, 'current-2024', LTS)).toEqual([olds[1]]);
    for (let round = 0; round < 30; round += 1) {
      clock.advance(HOUR);
      await edge.poll();
      await edge.runAll();
    }
    expect(await seen(edge, 'prod24', LTS)).toEqual([olds[0], `${olds[1]} boots`]);
  });

  it('remembers every lift', async () => {
    const { edge, clock } = await open((version) => version !== OLD);
    await edge.mirror(OLD);
    expect(await status(putAlias(edge, 'prod', ring('P2D')))).toBe(200);
    clock.advance(72 * HOUR);
    await machine(edge, 'prod');
    await edge.mirror(NEW);
    clock.advance(24 * HOUR);
    await edge.mirror(NEWER);
    for (const version of [NEW, NEWER])
      expect(await status(edge.call('POST', `/api/aliases/${PAIR}/prod/lift`, JSON.stringify({ version })))).toBe(200);
    for (let round = 0; round < 110; round += 1) {
      clock.advance(QUARTER);
      if (round > 85) await edge.poll();
    }
    expect(await seen(edge, 'prod')).toEqual([NEW]);
  });

  it('a ring may have the name of anything that an object of JavaScript has', async () => {
    const { edge } = await open(() => false);
    await edge.mirror(OLD);
    for (const name of ['constructor', 'valueof']) expect(await status(putAlias(edge, name, ring('P0D')))).toBe(200);
    await machine(edge, 'constructor');
    await edge.mirror(NEW);
    expect([await seen(edge, 'current'), await seen(edge, 'constructor')]).toEqual([[NEW], [NEW]]);
    expect(await status(putAlias(edge, 'constructor', { version: OLD }))).toBe(200);
  });
});

describe('a look that ends late', () => {
  it.each([false, true])(
    'moves no alias onto a release that was taken back meanwhile; lifted: %s',
    async (isLifted) => {
      const { edge } = await open(() => false);
      await edge.mirror(OLD);
      expect(await status(edge.call('PUT', '/api/profiles/web/base', '{"ignition":{"version":"3.0.0"}}'))).toBe(200);
      for (let at = 0; at < 501; at += 1) await edge.call('PUT', `/api/machines/vm-${at}?profile=web`, '');
      await edge.mirror(NEW);
      expect(await seen(edge, 'current')).toEqual([OLD, `${NEW} looking`]);
      expect(await status(edge.call('DELETE', `/api/releases/${PAIR}/${NEW}`))).toBe(200);
      if (isLifted) expect(await status(edge.call('POST', `/api/releases/${PAIR}/${NEW}/lift`))).toBe(200);
      await edge.runLooks();
      expect(await seen(edge, 'current')).toEqual([OLD]);
      expect(await status(edge.fetch(`/${PAIR}/current/version.txt`))).toBe(200);
    },
  );
});
