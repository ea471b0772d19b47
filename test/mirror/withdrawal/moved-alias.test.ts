/** Below an alias that has moved, no part completes a file of the release that it named before. */
import { beforeAll, describe, expect, it } from 'vitest';
import { compromisedKeyText } from '../../../tools/release-server/signing-key.ts';
import { HOUR_MS, KERNEL, PAIR, type Signed, signReleases, World } from './world.ts';

let signed: Signed;
beforeAll(async () => {
  signed = await signReleases(['4593.2.4', '4593.2.5']);
});

describe.each([
  ['mirrored', {}],
  ['passed through', { MIRROR: '' }],
])('an alias that is %s', (_kind, vars) => {
  const moved = async () => {
    const world = new World(signed, vars);
    const edge = world.isolate();
    const until = async (version: string) => {
      world.upstream.alias(`${PAIR}/current`, version);
      await world.until(world.wait(10 * 60_000));
      await world.until(edge.poll());
      await world.until(edge.runAll());
      const answer = await world.until(edge.fetch(`/${PAIR}/current/version.txt`));
      return await answer.text();
    };
    await until('4593.2.4');
    const get = async (headers: Record<string, string>, file = KERNEL) => {
      const answer = await world.until(edge.fetch(`/${PAIR}/current/${file}`, { headers }));
      await world.until(answer.arrayBuffer());
      return answer.status;
    };
    return { world, until, get };
  };

  it('gives parts as long as it has not moved', async () => {
    const { get } = await moved();
    expect(await get({ range: 'bytes=100-' })).toBe(206);
  });
  it('refuses them for a day after it has moved, and gives the whole to who has a condition', async () => {
    const { world, until, get } = await moved();
    expect(await until('4593.2.5')).toContain('4593.2.5');
    expect(await get({ range: 'bytes=100-' })).toBe(428);
    expect(await get({ range: 'bytes=100-' }, 'version.txt')).toBe(428);
    expect(await get({ range: 'bytes=100-', 'if-range': '"any"' })).toBe(200);
    expect(await get({})).toBe(200);
    await world.until(world.wait(26 * HOUR_MS));
    expect(await get({ range: 'bytes=100-' })).toBe(206);
  });
});

it('a distrust mark outlives a job that goes on with an older keyring', async () => {
  const world = new World(signed, { MIRROR_FILES: `version.txt,${KERNEL},late.bin` });
  const first = world.isolate();
  world.upstream.alias(`${PAIR}/current`, '4593.2.5');
  await world.until(world.mirror(first, '4593.2.5'));
  const key = `manifests/${PAIR}/4593.2.5.json`;
  const manifest = world.stored(key) as { files: Record<string, { signedBy?: string }> };
  const fingerprint = manifest.files[KERNEL]?.signedBy;
  for (const [name, bytes] of signed.releases.get('4593.2.4') ?? [])
    if (name.startsWith(KERNEL)) world.upstream.put(`${PAIR}/4593.2.5/${name.replace(KERNEL, 'late.bin')}`, bytes);
  let isMarked = false;
  const second = world.isolate((call) => {
    if (isMarked || !call.startsWith('put') || !call.includes('late.bin')) return undefined;
    isMarked = true;
    return world.put(key, { ...manifest, distrusted: { fingerprint, at: new Date().toISOString() } });
  });
  await world.until(second.poll());
  await world.until(second.runAll());
  expect(isMarked).toBe(true);
  expect(world.stored(key)).toMatchObject({ distrusted: { fingerprint } });
});

it('an isolate forgets a version.txt whose subkey turns out to be compromised', async () => {
  const world = new World(signed, { MIRROR: '' });
  world.upstream.alias(`${PAIR}/current`, '4593.2.5');
  const edge = world.isolate();
  const ask = async (path: string) => {
    const answer = await world.until(edge.fetch(`/${PAIR}/${path}/version.txt`));
    await world.until(answer.text());
    return answer.status;
  };
  expect([await ask('current'), await ask('4593.2.5')]).toEqual([200, 200]);
  world.upstream.put('key.asc', Buffer.from(await compromisedKeyText(signed.key)));
  await world.until(world.wait(25 * HOUR_MS));
  await world.until(edge.poll());
  await world.until(world.wait(10 * 60_000));
  expect([await ask('current'), await ask('4593.2.5')]).toEqual([502, 502]);
});
