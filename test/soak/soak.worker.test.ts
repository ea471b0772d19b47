/**
 * Everything at once over stores and an upstream that fail at random: no wrong byte, no wrong config, no acknowledged write lost,
 * `current` never backwards. A few seconds in `npm test`, ten minutes in `npm run soak`.
 */
import { reset } from 'cloudflare:test';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { compareVersions, type Version } from '../../src/releases/model.ts';
import { sameBytes } from '../../src/shared/bytes.ts';
import { type Edge, OPERATOR, OPERATOR_TOKEN, openEdge } from '../support/edge.ts';
import { pathsOf } from '../support/json.ts';
import { config } from '../support/machine-texts.ts';
import { IMAGE, KERNEL, PAIR } from '../support/release.ts';
import { seeded } from '../support/seeded.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';
import { randomFaults, upstreamFaults } from './faults.ts';
import { Register } from './register.ts';
import { openRooms } from './rooms.ts';

const { seconds, seed } = inject('soak');
const FILES = { [IMAGE]: 700_000, [KERNEL]: 50_000 };
const MACHINES = Array.from({ length: 6 }, (_, index) => `vm-${index}`);
/** What a client may be told while others fail; everything else is a wrong answer. */
const PASSING = new Set([502, 503, 504]);

const random = seeded(seed);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
const faults = randomFaults(random);
const counts: Record<string, number> = {};
const count = (what: string, by = 1) => {
  counts[what] = (counts[what] ?? 0) + by;
};

let tenant: UpstreamTenant;
let edges: Edge[];
const genuine = new Map<string, Uint8Array>();
const released: string[] = [];
/** Releases with a bad byte in the image. */
const spoilt = new Set<string>();
let highest: Version = '0.2.0' as Version;

let rooms: Awaited<ReturnType<typeof openRooms>>;
const urls = new Map<string, string>();
const userData = new Map(MACHINES.map((id) => [id, new Register('none')]));
const base = new Register('/base/0');

const upstreamPath = (version: string, file: string) => `stable/amd64-usr/${version}/${file}`;
async function release(version: string, isSpoilt: boolean): Promise<void> {
  await tenant.release({ ...PAIR, version, files: FILES, aliases: isSpoilt ? [] : ['current'], bare: true });
  for (const file of [...Object.keys(FILES), 'version.txt']) {
    genuine.set(`${version}/${file}`, await tenant.bytes(upstreamPath(version, file)));
  }
  if (isSpoilt) {
    await tenant.flip(upstreamPath(version, IMAGE), 300_000);
    spoilt.add(version);
  }
  released.push(version);
}

beforeAll(async () => {
  await reset();
  tenant = new UpstreamTenant('soak');
  await release('1000.2.0', false);
  edges = [];
  for (let isolate = 0; isolate < 3; isolate += 1) {
    edges.push(
      await openEdge(tenant, {
        bindings: { RELEASES: faults.bucket, MACHINES: faults.namespace },
        vars: {
          OPERATOR_TOKEN,
          CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
          MIRROR: 'stable/amd64-usr',
          MIRROR_FILES: ['version.txt', ...Object.keys(FILES)].join(),
          KEEP_RELEASES: '1000',
        },
      }),
    );
  }
  await api('PUT', '/api/profiles/p/base', config('/base/0'));
  for (const id of MACHINES) {
    const issued = await (await api('PUT', `/api/machines/${id}?profile=p`, '')).json<{ urls: { ignition: string } }>();
    urls.set(id, issued.urls.ignition);
  }
  const isGood = (version: string) => released.includes(version) && !spoilt.has(version);
  rooms = await openRooms({ edges, random, count, isGood });
}, 60_000);
afterAll(() => console.log(JSON.stringify({ seed, seconds, ...counts, ...faults.struck }, null, 1)));

const api = (method: string, path: string, body?: string, edge = pick(edges)) =>
  edge.fetch(path, { method, headers: OPERATOR, ...(body === undefined ? {} : { body }) });

/** A whole file or a part, from a number or the alias: the very bytes, an honest failure, or a body that breaks off. */
async function download(): Promise<void> {
  const version = pick(released);
  const isAlias = random() < 0.3;
  const file = pick([IMAGE, IMAGE, KERNEL, 'version.txt']);
  const start = Math.floor(random() * 40_000);
  const range = random() < 0.4 && file !== 'version.txt' ? { range: `bytes=${start}-` } : {};
  const seenBefore = highest;
  const answer = await pick(edges).fetch(`/stable/amd64-usr/${isAlias ? 'current' : version}/${file}`, {
    headers: range,
  });
  if (!answer.ok) {
    // A part of a file of which bad bytes have left: the client has to begin again.
    const mustRestart = answer.status === 428 && 'range' in range;
    if (!mustRestart && !PASSING.has(answer.status)) throw new Error(`${answer.status} for ${version}/${file}`);
    count(`download ${answer.status}`);
    await answer.body?.cancel();
    return;
  }
  const shown = answer.headers.get('x-flatcar-version') ?? '';
  if (!isAlias) expect(shown).toBe(version);
  // Mirrored, `current` names what was published; it never goes back behind what anybody has seen.
  if (isAlias) expect(compareVersions(shown as Version, seenBefore)).toBeGreaterThanOrEqual(0);
  const whole = genuine.get(`${shown}/${file}`) ?? new Uint8Array();
  const wanted = answer.status === 206 ? whole.subarray(start) : whole;
  const got = await answer.arrayBuffer().then(
    (bytes) => new Uint8Array(bytes),
    () => undefined,
  );
  const isComplete = got !== undefined && got.length === Number(answer.headers.get('content-length'));
  if (!isComplete) return count('downloads cut');
  if (!sameBytes(got, wanted))
    throw new Error(`wrong bytes of ${shown}/${file} from ${answer.headers.get('x-flatcar-source')}`);
  if (spoilt.has(shown) && file === IMAGE && answer.status === 200)
    throw new Error(`a bad image was completed: ${shown}`);
  if (isAlias && compareVersions(shown as Version, highest) > 0) highest = shown as Version;
  count(`downloads from ${answer.headers.get('x-flatcar-source')}`);
  count('bytes', got.length);
}

/** One of the releases is mirrored, tried again, or a new one comes out. */
async function mirror(): Promise<void> {
  if (random() < 0.4) {
    const number = 1000 + released.length;
    await release(`${number}.2.0`, random() < 0.3);
  }
  const version = random() < 0.7 ? (released.at(-1) ?? '') : pick(released);
  const edge = pick(edges);
  const answer = await api('PUT', `/api/mirrors/stable/amd64-usr/${version}`, undefined, edge);
  count(`mirror ${answer.status}`);
  if (answer.status !== 202 && !PASSING.has(answer.status)) throw new Error(`mirror: ${answer.status}`);
  // The poll may have launched others meanwhile.
  for (let next = edge.launched.shift(); next !== undefined; next = edge.launched.shift()) {
    const outcome = await edge.run(next);
    count(`job ${outcome}`);
    if (outcome === 'complete' && spoilt.has(next.version))
      throw new Error(`a bad release was published: ${next.version}`);
  }
}

/** Writers of one machine take turns; that is what makes the model sequential. */
const writing = new Set<string>();

async function writeUserData(): Promise<void> {
  const id = pick(MACHINES.filter((candidate) => !writing.has(candidate)));
  if (id === undefined) return;
  const register = userData.get(id) as Register<string>;
  const value = `/user/${id}/${Math.floor(random() * 1e9)}`;
  writing.add(id);
  register.begin(value);
  const answer = await api('PUT', `/api/machines/${id}?profile=p`, config(value));
  if (answer.status === 200) register.acknowledge(value);
  else if (!PASSING.has(answer.status) && answer.status !== 409)
    throw new Error(`PUT: ${answer.status} ${await answer.text()}`);
  count(`user data ${answer.status}`);
  writing.delete(id);
}

async function writeBase(): Promise<void> {
  if (writing.has('base')) return;
  const value = `/base/${Math.floor(random() * 1e9)}`;
  writing.add('base');
  base.begin(value);
  const answer = await api('PUT', '/api/profiles/p/base?force=1', config(value));
  if (answer.status === 200) base.acknowledge(value);
  else if (!PASSING.has(answer.status) && answer.status !== 409)
    throw new Error(`base: ${answer.status} ${await answer.text()}`);
  count(`base ${answer.status}`);
  writing.delete('base');
}

async function boot(id = pick(MACHINES)): Promise<void> {
  const register = userData.get(id) as Register<string>;
  const [userSince, baseSince] = [register.moment, base.moment];
  const isQuiet = !writing.has(id);
  const answer = await pick(edges).fetchUrl(urls.get(id) ?? '', { headers: { 'user-agent': 'Ignition/2.26.0' } });
  const text = await answer.text();
  count(`boot ${answer.status}`);
  if (answer.status === 503) return;
  if (answer.status !== 200) throw new Error(`boot of ${id}: ${answer.status} ${text}`);
  const [first = '', second = 'none'] = pathsOf(text);
  if (!base.possibleSince(baseSince).has(first)) throw new Error(`${id} booted base ${first}, which it cannot have`);
  if (!register.possibleSince(userSince).has(second)) throw new Error(`${id} booted ${second}, which it cannot have`);
  if (isQuiet && register.moment === userSince) register.saw(second);
}

async function actor(work: () => Promise<void>, pause: number, until: number): Promise<void> {
  while (Date.now() < until) {
    await work();
    await new Promise((resolve) => setTimeout(resolve, random() * pause));
  }
}

it(
  `${seconds} seconds of everything failing at random`,
  async () => {
    const until = Date.now() + seconds * 1000;
    faults.share = 0.06;
    await Promise.all([
      ...Array.from({ length: 3 }, () => actor(download, 30, until)),
      actor(mirror, 200, until),
      ...Array.from({ length: 3 }, () => actor(() => boot(), 20, until)),
      ...Array.from({ length: 2 }, () => actor(writeUserData, 60, until)),
      actor(writeBase, 300, until),
      ...rooms.map(([work, pause]) => actor(work, pause, until)),
      actor(async () => await pick(edges).poll(), 3_000, until),
      actor(async () => void (await tenant.rules(...upstreamFaults(random))), 500, until),
    ]);
    faults.share = 0;
    await tenant.rules();
    for (const edge of edges) await edge.settle();

    // Everything is well again: what was acknowledged is there, and every good release can be had.
    for (const id of MACHINES) {
      const before = counts['boot 200'] ?? 0;
      await boot(id);
      expect(counts['boot 200'], `${id} boots`).toBe(before + 1);
    }
    for (const version of released.filter((number) => !spoilt.has(number))) {
      for (let turn = 0; turn < 3; turn += 1) {
        await api('PUT', `/api/mirrors/stable/amd64-usr/${version}`, undefined, edges[0]);
        for (const edge of edges) await edge.runAll();
      }
      const answer = await edges[0]?.fetch(`/stable/amd64-usr/${version}/${IMAGE}`);
      const bytes = new Uint8Array((await answer?.arrayBuffer()) ?? new ArrayBuffer(0));
      expect(sameBytes(bytes, genuine.get(`${version}/${IMAGE}`) ?? new Uint8Array()), version).toBe(true);
    }
    const current = await edges[0]?.fetch('/stable/amd64-usr/current/version.txt');
    const newest = released.filter((number) => !spoilt.has(number)).at(-1);
    expect(await current?.text()).toContain(`FLATCAR_VERSION=${newest}\n`);
    count('releases', released.length);
  },
  seconds * 1000 + 300_000,
);
