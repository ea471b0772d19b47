/** Every failing, hanging, late or broken call of R2 at every URL of fleets and of the metadata service, in the time that a client waits. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSigningKey } from '../../tools/release-server/signing-key.ts';
import { type FaultyBucket, faultyBucketOver, type Mood } from '../support/faulty-bucket.ts';
import { config } from '../support/machine-texts.ts';
import { type MemoryBucket, memoryBucket } from '../support/memory-bucket.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';
import { makeSecretsPrompt, restoreSecrets } from '../support/prompt-secrets.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MAC = '52:54:00:00:00:01';
const UUID = '4c4c4544-0042-3510-8051-b7c04f503732';
const WITHIN_MS = 7_100;
const METADATA = [
  'env',
  'ec2/latest/meta-data/hostname',
  'ec2/latest/user-data',
  'openstack/latest/meta_data.json',
  'openstack/openstack/latest/user_data',
  'digitalocean/metadata/v1.json',
  'digitalocean/metadata/v1/user-data',
];

beforeAll(makeSecretsPrompt);
afterAll(restoreSecrets);

interface World {
  readonly clock: VirtualClock;
  readonly memory: MemoryBucket;
  readonly r2: FaultyBucket;
  readonly cold: NodeEdge;
  readonly fleet: string;
  readonly metadata: string;
}

const START = Date.parse('2026-01-03T16:00:00Z');
const written = memoryBucket({ now: () => START });
let key: Awaited<ReturnType<typeof makeSigningKey>>;
let urls: Pick<World, 'fleet' | 'metadata'>;

/** What is written is written in real time: it verifies signatures, which no virtual clock knows of. */
beforeAll(async () => {
  key = await makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') });
  const edge = await nodeEdge({ over: written.r2, platform: { now: () => START }, key });
  const put = async (path: string, body: string) => {
    const answer = await edge.call('PUT', path, body);
    if (answer.status !== 200) throw new Error(await answer.text());
    return (await answer.json<{ urls: { ipxe: string; metadata: string } }>()).urls;
  };
  await put('/api/profiles/web/base', config('/base'));
  const { ipxe } = await put('/api/fleets/room', '{"version":"4593.2.5","unknown":"enrol","profiles":["web"]}');
  const known = `/api/machines/a?fleet=room&profile=web&hostname=node-a&version=4593.2.5&mac=${MAC}&uuid=${UUID}`;
  const { metadata } = await put(known, config('/a'));
  await put('/api/machines/b?fleet=room&hostname=node-b&version=4593.2.5&mac=52:54:00:00:00:02', config('/b'));
  await edge.settle();
  urls = { fleet: ipxe, metadata };
});

/** A fleet with two machines, as an isolate sees it that remembers nothing, beside a KV that has nothing. */
async function world(): Promise<World> {
  const clock = new VirtualClock(START);
  const memory = memoryBucket({ now: clock.now });
  for (const { key: name, bytes, customMetadata, httpMetadata } of written.objects.values())
    await memory.r2.put(name, bytes, { customMetadata, httpMetadata });
  // What was begun by a write is over by now.
  await clock.pass(3_600_000);
  const r2 = faultyBucketOver(memory.r2);
  r2.pause = async () => await clock.timer(5_000).elapsed;
  const platform = { now: clock.now, timer: clock.timer };
  return { clock, memory, r2, ...urls, cold: await nodeEdge({ over: r2.bucket, platform, key }) };
}

/** What it is told once R2 is well again, in real time: a first boot verifies signatures. */
async function afterwards({ clock, memory }: World, url: string): Promise<string> {
  const edge = await nodeEdge({ over: memory.r2, platform: { now: clock.now }, key });
  return await (await edge.fetchUrl(url)).text();
}

const strike = (r2: FaultyBucket, call: string, mood: Mood) => {
  const [name = '', prefix = ''] = call.split(' ');
  r2.moodOf = (operation, key) => (operation === name && key.startsWith(prefix) ? mood : 'well');
};

async function asked({ clock, cold }: World, url: string) {
  const from = clock.now();
  const answer = await clock.until(cold.fetchUrl(url));
  const text = await clock.until(answer.text());
  const took = clock.now() - from;
  expect([url, took <= WITHIN_MS]).toEqual([url, true]);
  if (answer.status >= 500) expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  return { status: answer.status, text };
}

const READS = ['throws', 'hangs', 'slow', 'absent', 'cut', 'stalls'] as const;
const rowsOf = (calls: readonly string[], moods: readonly Mood[]) =>
  calls.flatMap((call) => moods.map((mood) => [call, mood] as const));
/** A head and a list have no body that could break off. */
const isPossible = ([call, mood]: readonly [string, Mood]) =>
  call.startsWith('get ') || !(mood === 'cut' || mood === 'stalls');

describe('a machine that is known', () => {
  const calls = ['fleets/', 'identities/', 'machines/', 'profiles/'].flatMap((key) => [`head ${key}`, `get ${key}`]);
  it.each(rowsOf(calls, READS).filter(isPossible))(
    '%s %s: its own script, or 503; nothing is made',
    async (call, mood) => {
      const all = await world();
      strike(all.r2, call, mood);
      for (const query of [`mac=${MAC}`, `mac=${MAC}&uuid=${UUID}`, `uuid=${UUID}`]) {
        const { status, text } = await asked(all, `${all.fleet}?${query}`);
        const isOwn = status === 200 && text.includes('/boot/a.');
        // R2 is strongly consistent: an identity that is not there was never given. The name is taken in its place, and shown.
        const isUnknown = call === 'head identities/' && mood === 'absent';
        expect([query, isOwn || status === 503 || isUnknown]).toEqual([query, true]);
      }
      const made = [...all.memory.objects.keys()].filter((key) => key.startsWith('machines/room-'));
      if (!(call === 'head identities/' && mood === 'absent')) expect(made).toEqual([]);
      all.r2.moodOf = () => 'well';
      await all.clock.pass(60_000);
      if (made.length === 0) expect(await afterwards(all, `${all.fleet}?mac=${MAC}`)).toContain('/boot/a.');
    },
  );
});

describe('a machine that is new', () => {
  const calls = [
    ...['head fleets/', 'get fleets/', 'head identities/', 'put identities/', 'get machines/', 'head machines/'],
    ...['put machines/', 'put enrolled/', 'list enrolled/', 'put uses/', 'head profiles/', 'get profiles/'],
  ];
  const rows = rowsOf(calls, ['throws', 'hangs', 'slow']);
  it.each(rows)('%s %s: a script of its own, or 503; and one machine in the end', async (call, mood) => {
    const all = await world();
    strike(all.r2, call, mood);
    const query = 'mac=52:54:00:00:00:09&serial=S9';
    for (let boot = 0; boot < 2; boot += 1) {
      const { status, text } = await asked(all, `${all.fleet}?${query}`);
      expect([status, status === 503 || text.includes('/boot/room-52-54-00-00-00-09.')]).toEqual([status, true]);
    }
    all.r2.moodOf = () => 'well';
    // An identity whose record did not follow is free again after two minutes.
    await all.clock.pass(130_000);
    const text = await afterwards(all, `${all.fleet}?${query}`);
    expect(text).toContain('/boot/room-52-54-00-00-00-09.');
    const made = [...all.memory.objects.keys()].filter((key) => key.startsWith('machines/room-'));
    expect(made).toEqual(['machines/room-52-54-00-00-00-09.json']);
  });
});

describe('the metadata service', () => {
  const calls = ['head machines/', 'get machines/', 'head profiles/', 'get profiles/', 'get composed/'];
  it.each(rowsOf(calls, READS).filter(isPossible))('%s %s: the machine’s own data, or 503', async (call, mood) => {
    const all = await world();
    const well = new Map<string, string>();
    for (const path of METADATA) well.set(path, (await asked(all, `${all.metadata}/${path}`)).text);
    for (const path of METADATA) {
      const other = await world();
      strike(other.r2, call, mood);
      const { status, text } = await asked(other, `${other.metadata}/${path}`);
      const isOwn = status === 200 && (text === well.get(path) || text.includes('node-a') || text.includes('"/a"'));
      expect([path, isOwn || status === 503]).toEqual([path, true]);
      expect(text).not.toContain('node-b');
    }
  });
});
