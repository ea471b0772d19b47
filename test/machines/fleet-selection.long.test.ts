/** Random interleavings of writes of machines with identities and of first boots, against a model of which machine asks. */
import { beforeAll, expect, it } from 'vitest';
import { shortPauses } from '../support/hurried.ts';
import { config } from '../support/machine-texts.ts';
import { type MemoryBucket, memoryBucket } from '../support/memory-bucket.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';
import { seeded } from '../support/seeded.ts';
import { casesOf } from '../support/thorough.ts';

const RUNS = casesOf(2_000, 200);
const KINDS = ['mac', 'uuid', 'serial'] as const;
type Kind = (typeof KINDS)[number];
type Named = Readonly<Record<Kind, readonly string[]>>;

/** Two pieces of hardware, and a card that was moved from one to the other. */
const MACS = ['52:54:00:00:00:01', '52:54:00:00:00:02'];
const UUIDS = ['4c4c4544-0042-3510-8051-b7c04f503731', '4c4c4544-0042-3510-8051-b7c04f503732'];
const SERIALS = ['S1', 'S2'];
const IDS = ['a', 'b'];

let random = seeded(0);
let memory: MemoryBucket;
let edges: readonly NodeEdge[];
beforeAll(async () => {
  const over = late(
    () => memory.r2,
    () => random(),
  );
  // The operator's isolate, and two that boot: each remembers by itself, over one bucket.
  edges = await Promise.all([1, 2, 3].map(() => nodeEdge({ over, platform: shortPauses })));
});

/** The bucket of this interleaving, whose calls begin some turns late. */
function late(bucket: () => R2Bucket, chance: () => number): R2Bucket {
  return new Proxy({} as R2Bucket, {
    get:
      (_none, property) =>
      async (...args: unknown[]) => {
        for (let turns = Math.floor(chance() * 4); turns > 0; turns -= 1)
          await new Promise((resolve) => setImmediate(resolve));
        return await (Reflect.get(bucket(), property) as (...all: unknown[]) => Promise<unknown>)(...args);
      },
  });
}

const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
const some = (items: readonly string[], most: number): string[] => items.filter(() => random() < 0.45).slice(0, most);
const edge = (): NodeEdge => pick(edges);

interface Machine extends Named {
  readonly id: string;
}

/** One interleaving in a fleet of its own. */
async function play(run: number): Promise<string[]> {
  random = seeded(run);
  memory = memoryBucket({ now: Date.now });
  const fleet = `f${run}`;
  const unknown = pick(['wait', 'enrol', 'enrol']);
  const made = await edge().call('PUT', `/api/fleets/${fleet}`, JSON.stringify({ version: '4593.2.5', unknown }));
  const { ipxe } = (await made.json<{ urls: { ipxe: string } }>()).urls;
  /** Every state that a machine was in, or was asked to be in. */
  const wanted = new Map<string, Named[]>();
  const note = (id: string, named: Named) => wanted.set(id, [...(wanted.get(id) ?? []), named]);

  const write = async (): Promise<string> => {
    const id = `${fleet}-${pick(IDS)}`;
    const named: Named = { mac: some(MACS, 2), uuid: some(UUIDS, 1), serial: some(SERIALS, 1) };
    note(id, named);
    const query = KINDS.flatMap((kind) => named[kind].map((value) => `&${kind}=${value}`)).join('');
    const path = `/api/machines/${id}?fleet=${fleet}&version=4593.2.5${query}`;
    return `write ${(await edge().call('PUT', path, config(`/${id}`))).status}`;
  };
  const remove = async (): Promise<string> => {
    const id = `${fleet}-${pick(IDS)}`;
    return `delete ${(await edge().call('DELETE', `/api/machines/${id}`)).status}`;
  };
  const boot = async (): Promise<string> => {
    const at = pick([0, 1]);
    const claims: Named = { mac: [MACS[at] ?? ''], uuid: some([UUIDS[at] ?? ''], 1), serial: some([pick(SERIALS)], 1) };
    return await booted(ipxe, claims, (id) => {
      // A machine that a first boot made is what one of the boots said of itself.
      const states = wanted.get(id) ?? [];
      const isOwn = states.some((state) => isOf(state, claims)) || id.startsWith(`${fleet}-52-`);
      expect([run, id, isOwn]).toEqual([run, id, true]);
    });
  };

  const steps = Array.from({ length: 3 + Math.floor(random() * 5) }, () => pick([write, write, boot, boot, remove]));
  const kinds: string[] = [];
  // Some at once, and some one after the other.
  for (let at = 0; at < steps.length; ) {
    const width = 1 + Math.floor(random() * 4);
    kinds.push(...(await Promise.all(steps.slice(at, at + width).map((step) => step()))));
    at += width;
  }
  kinds.push(...(await afterwards(run, fleet, ipxe, unknown)));
  return kinds;
}

/** With nothing under way, every answer is what the records say. */
async function afterwards(run: number, fleet: string, ipxe: string, unknown: string): Promise<string[]> {
  const kinds: string[] = [];
  for (const claims of [
    ...MACS.map((mac) => ({ mac: [mac], uuid: [], serial: [] })),
    ...UUIDS.map((uuid) => ({ mac: [], uuid: [uuid], serial: [] })),
    ...MACS.flatMap((mac) => UUIDS.map((uuid) => ({ mac: [mac], uuid: [uuid], serial: [] }))),
    { mac: MACS.slice(0, 1), uuid: UUIDS.slice(0, 1), serial: SERIALS.slice(0, 1) },
  ]) {
    const machines = machinesOf(fleet);
    for (const kind of KINDS)
      for (const value of new Set(machines.flatMap((machine) => machine[kind])))
        expect([run, value, machines.filter((machine) => machine[kind].includes(value)).length]).toEqual([
          run,
          value,
          1,
        ]);
    const led = machines.filter((machine) => KINDS.some((kind) => claims[kind].some((v) => machine[kind].includes(v))));
    const [only] = led;
    const answer = await booted(ipxe, claims, () => undefined);
    const expected =
      only === undefined
        ? [unknown === 'enrol' ? `script of ${fleet}-` : 'waits', 'on its way']
        : [led.length === 1 && isOf(only, claims) ? `script of ${only.id}` : '503'];
    const isRight = expected.some((text) => answer.startsWith(text) || (text === 'on its way' && answer === '503'));
    expect([run, claims, machines, answer, isRight], isRight ? '' : stored()).toEqual([
      run,
      claims,
      machines,
      answer,
      true,
    ]);
    kinds.push(answer.startsWith('script') ? (only === undefined ? 'taken in' : 'found') : answer);
    if (only === undefined && answer.startsWith('script'))
      expect(await booted(ipxe, claims, () => undefined)).toBe(answer);
  }
  return kinds;
}

/** A machine's state leads to it by at least one claim, and contradicts none. */
const isOf = (state: Named, claims: Named): boolean =>
  KINDS.some((kind) => claims[kind].some((value) => state[kind].includes(value))) &&
  KINDS.every((kind) => claims[kind].every((value) => state[kind].length === 0 || state[kind].includes(value)));

async function booted(ipxe: string, claims: Named, check: (id: string) => void): Promise<string> {
  const query = KINDS.flatMap((kind) => claims[kind].map((value) => `${kind}=${value}`)).join('&');
  const answer = await edge().fetchUrl(`${ipxe}?${query}`);
  const text = await answer.text();
  if (answer.status !== 200) {
    // Never a final answer, whatever is under way.
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    return '503';
  }
  const id = /ignition\.config\.url=\S+?\/boot\/([^/]+?)\.[\w-]+\.[\w-]+\.\d+\.[\w-]+\//.exec(text)?.[1];
  if (id === undefined) return 'waits';
  check(id);
  return `script of ${id}`;
}

/** The machines that are there, as their records say. */
function machinesOf(fleet: string): Machine[] {
  const records = [...memory.objects].filter(([key]) => key.startsWith(`machines/${fleet}-`));
  return records.flatMap(([, { bytes }]) => {
    const { id, deletedAt, identities } = JSON.parse(new TextDecoder().decode(bytes)) as {
      id: string;
      deletedAt: string | null;
      identities: Named;
    };
    return deletedAt === null ? [{ id, ...identities }] : [];
  });
}

/** Who was given what, and what the records say: for whoever has to find out why. */
const stored = (): string =>
  [...memory.objects]
    .filter(([key]) => /^(?:identities|machines)[/]/.test(key))
    .map(([key, { bytes, customMetadata }]) => `${key} ${JSON.stringify(customMetadata)} ${bytes.length}`)
    .join('\n');

it(`${RUNS.toLocaleString('en')} interleavings: never another machine's script, never two machines of one, never a guess`, async () => {
  const tally = new Map<string, number>();
  for (let run = 1; run <= RUNS; run += 1)
    for (const kind of await play(run)) {
      const name = kind.startsWith('script') ? 'script' : kind;
      tally.set(name, (tally.get(name) ?? 0) + 1);
    }
  // A run in which nobody is refused, found or taken in would prove nothing.
  for (const kind of ['write 200', 'write 409', 'delete 200', 'script', 'waits', '503', 'found', 'taken in'])
    expect([kind, (tally.get(kind) ?? 0) > RUNS / 20]).toEqual([kind, true]);
}, 600_000);
