/**
 * `npm run rehearse`: a deployment of the first round (FROM, ea49b84 unless told) is taken over by this version. Both run over one store
 * for a while, each writes, and machines boot by either all the time. It ends with 1 where a boot failed or something was lost.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeRelease } from '../release-server/release.ts';
import { startUpstream } from '../release-server/server.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../release-server/signing-key.ts';
import { startTwoVersions, type Version } from './two-versions.ts';

const root = dirname(dirname(import.meta.dirname));
const TOKEN = 'operator-token-of-the-rehearsal-32-bytes';
const IMAGE = 'flatcar_production_image.bin.bz2';
const MACHINES = 20;
const ROUNDS = 40;
const config = (path: string) =>
  JSON.stringify({ ignition: { version: '3.3.0' }, storage: { files: [{ path, contents: { source: 'data:,x' } }] } });
const pathsIn = (text: string): string[] =>
  (JSON.parse(text) as { storage?: { files?: { path: string }[] } }).storage?.files?.map(({ path }) => path) ?? [];

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-rehearsal-'));
  const server = await startUpstream();
  const tenant = server.tenant('t');
  const key = await makeSigningKey({ created: new Date(Date.now() - 30 * 86_400_000) });
  tenant.put('key.asc', Buffer.from(publicKeyText(key)));
  const release = async (version: string) => {
    for (const [name, bytes] of await makeRelease({ version, files: { [IMAGE]: 300_000 }, key }))
      tenant.put(`stable/amd64-usr/${version}/${name}`, bytes);
    tenant.aliases.set('stable/amd64-usr/current', version);
  };
  await release('4593.2.4');
  const both = await startTwoVersions({
    ...{ root, folder, commit: process.env['FROM'] ?? 'ea49b84' },
    vars: {
      ...{
        UPSTREAM_URL: `${server.url}/t/{channel}/{board}/{version}/{file}`,
        SIGNING_KEY_URL: `${server.url}/t/key.asc`,
      },
      ...{
        SIGNING_KEY_FINGERPRINTS: fingerprint(key),
        MIRROR: 'stable/amd64-usr',
        MIRROR_FILES: `version.txt,${IMAGE}`,
      },
      ...{ OPERATOR_TOKEN: TOKEN, CAPABILITY_SECRET: 'capability-secret-of-the-rehearsal-here' },
    },
  });
  try {
    await rehearse(both.older, both.newer, release);
  } finally {
    await both.stop();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const call = async (version: Version, method: string, path: string, body?: string): Promise<Response> => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await version.ask(path, { method, headers, ...(body === undefined ? {} : { body }) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer;
};

/** Mirrors what upstream has, by this version. */
async function mirror(version: Version, number: string): Promise<void> {
  const path = `/api/mirrors/stable/amd64-usr/${number}`;
  await call(version, 'PUT', path);
  for (;;) {
    const { state, reason } = (await (await call(version, 'GET', path)).json()) as { state: string; reason?: string };
    if (state === 'complete') return;
    if (state === 'failed') throw new Error(`${number}: ${reason}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function rehearse(older: Version, newer: Version, release: (version: string) => Promise<void>): Promise<void> {
  const urls = new Map<string, string>();
  const wanted = new Map<string, string>();
  let base = '/base/0';
  let boots = 0;
  const put = async (by: Version, id: string, path: string) => {
    const answer = await call(by, 'PUT', `/api/machines/${id}?profile=web`, config(path));
    const { urls: given } = (await answer.json()) as { urls: { ignition: string } | null };
    if (given !== null && !urls.has(id)) urls.set(id, new URL(given.ignition).pathname);
    wanted.set(id, path);
  };
  const boot = async (by: Version, id: string) => {
    const answer = await by.ask(urls.get(id) ?? '', { headers: { 'user-agent': 'Ignition/2.26.0' } });
    const text = await answer.text();
    boots += 1;
    if (answer.status !== 200) throw new Error(`${id} did not boot: ${answer.status} ${text}`);
    const found = pathsIn(text).join();
    if (found !== `${base},${wanted.get(id)}`) throw new Error(`${id} booted ${found}, not ${base},${wanted.get(id)}`);
  };
  const bootAll = async () => {
    for (const id of urls.keys()) for (const by of [older, newer]) await boot(by, id);
  };
  const currentOf = async (by: Version) =>
    /^FLATCAR_VERSION=(.*)$/m.exec(await (await by.ask('/stable/amd64-usr/current/version.txt')).text())?.[1];

  // The deployment that there is.
  await mirror(older, '4593.2.4');
  await call(older, 'PUT', '/api/profiles/web/base', config(base));
  for (let at = 0; at < MACHINES; at += 1) await put(older, `vm-${at}`, `/user/${at}/0`);
  await bootAll();
  console.log(`before: ${MACHINES} machines of the older version boot by both`);

  // Both at once.
  for (let round = 1; round <= ROUNDS; round += 1) {
    const [by, other] = round % 2 === 0 ? [older, newer] : [newer, older];
    const id = `vm-${round % MACHINES}`;
    await put(by, id, `/user/${id}/${round}`);
    await boot(other, id);
    await boot(by, id);
    if (round % 10 === 0) {
      base = `/base/${round}`;
      await call(by, 'PUT', '/api/profiles/web/base', config(base));
      await bootAll();
    }
    if (round % 8 === 0) await put(by, `new-${round}`, `/user/new/${round}`);
  }
  await release('4593.2.5');
  await mirror(newer, '4593.2.5');
  await release('4593.2.6');
  await mirror(older, '4593.2.6');
  for (const by of [older, newer]) {
    const current = await currentOf(by);
    if (current !== '4593.2.6') throw new Error(`current is ${current}`);
  }
  await bootAll();
  console.log(`both: ${ROUNDS} writes by turns, each booted by the other; current moved twice`);

  // The newer one alone, with what only it has.
  const listed = (await (await call(newer, 'GET', '/api/machines')).json()) as {
    items: { id: string }[];
    unreadable?: object;
  };
  if (listed.items.length !== urls.size || listed.unreadable !== undefined)
    throw new Error(`${listed.items.length} machines of ${urls.size} are listed`);
  for (const version of ['4593.2.4', '4593.2.5', '4593.2.6']) {
    const image = await newer.ask(`/stable/amd64-usr/${version}/${IMAGE}`);
    if (image.headers.get('x-flatcar-source') !== 'mirror') throw new Error(`${version} is not mirrored any more`);
    await image.arrayBuffer();
  }
  await call(newer, 'PUT', '/api/fleets/room', '{"version":"4593.2.6"}');
  await call(newer, 'PUT', '/api/aliases/stable/amd64-usr/prod', '{"follows":"current","after":"PT0S"}');
  for (const id of urls.keys()) await boot(newer, id);
  // And back: a roll-back finds everything as it left it.
  for (const id of urls.keys()) await boot(older, id);
  console.log(
    `after: nothing is lost, and the older version still boots what the newer one wrote; ${boots} boots, none failed`,
  );
}

await main();
