/**
 * Boots while a store fails, as one table: what is asked for, what KV has, whether the isolate remembers, which call of R2 is struck, and
 * how. Whatever the row: the right answer or 503 in time, and the right answer once the store is well again.
 */
import { expect } from 'vitest';
import type { FaultyBucket, Mood } from '../support/faulty-bucket.ts';
import { pathsOf } from '../support/json.ts';
import type { LateNamespace } from '../support/late-namespace.ts';
import { config, type Issued } from '../support/machine-texts.ts';

const KINDS = ['ignition', 'frozen', 'cloud-config', 'ipxe'] as const;
type Kind = (typeof KINDS)[number];

/** `behind`: the copy of the generation before; `empty`: none. */
const COPIES = ['current', 'behind', 'empty', 'throws', 'hangs'] as const;

export interface FaultRow {
  readonly kind: Kind;
  readonly kv: (typeof COPIES)[number];
  readonly isWarm: boolean;
  /** Operation and the beginning of its key; `*`: every call. */
  readonly call: string;
  readonly mood: Mood;
}

const HEADS: readonly Mood[] = ['throws', 'hangs', 'slow', 'absent'];
const GETS: readonly Mood[] = [...HEADS, 'cut', 'stalls'];
const ANY: readonly Mood[] = ['throws', 'hangs', 'slow'];
const RECORD = { 'head machines/': HEADS, 'get machines/': GETS, 'put boots/': ANY, '*': ANY } as const;

/** The calls that each kind may make. */
const CALLS: Readonly<Record<Kind, Readonly<Record<string, readonly Mood[]>>>> = {
  ignition: {
    ...RECORD,
    ...{ 'head profiles/': HEADS, 'get profiles/': GETS },
    ...{ 'get composed/': GETS, 'put composed/': ANY, 'delete composed/': ANY },
  },
  // A hash that nobody froze is the client's mistake: R2 is taken at its word there.
  frozen: { ...RECORD, 'get renderings/': GETS.filter((mood) => mood !== 'absent') },
  'cloud-config': RECORD,
  ipxe: { ...RECORD, 'head profiles/': HEADS, 'get profiles/': GETS },
};

export const FAULT_ROWS: readonly FaultRow[] = KINDS.flatMap((kind) =>
  COPIES.flatMap((kv) =>
    [true, false].flatMap((isWarm) =>
      Object.entries(CALLS[kind]).flatMap(([call, moods]) => moods.map((mood) => ({ kind, kv, isWarm, call, mood }))),
    ),
  ),
);

export const nameOfRow = ({ kind, kv, isWarm, call, mood }: FaultRow): string =>
  `${kind}, KV ${kv}, ${isWarm ? 'warm' : 'cold'}: ${call} ${mood}`;

/** Stores of its own, and isolates over them. */
export interface FaultWorld {
  readonly r2: FaultyBucket;
  readonly kv: LateNamespace;
  putProfile(name: string, base: string): Promise<void>;
  putMachine(id: string, text: string, profile: string): Promise<Issued>;
  /** Another isolate, which remembers nothing yet; `boot` is asked of the newest. */
  restart(): void;
  boot(url: string): Promise<{ readonly status: number; readonly text: string; readonly seconds: number }>;
  settle(): Promise<void>;
}

/** The client gives up on headers after 10 s. */
const WITHIN_SECONDS = 8;
const SCRIPT = '#!/bin/sh\necho the second\n';

interface Asked {
  readonly url: string;
  readonly isRight: (text: string) => boolean;
}

/** A machine in its second generation, so that a late copy is a wrong one. */
async function prepare(world: FaultWorld, kind: Kind): Promise<Asked> {
  const isScript = kind === 'cloud-config';
  await world.putProfile('p', config('/base-1'));
  await world.putMachine('m', isScript ? '#!/bin/sh\necho the first\n' : config('/first'), 'p');
  await world.putProfile('p', config('/base-2'));
  const { urls, pointer } = await world.putMachine('m', isScript ? SCRIPT : config('/second'), 'p');
  await world.settle();
  const isConfig = (text: string) => JSON.stringify(pathsOf(text)) === '["/base-2","/second"]';
  const asked: Readonly<Record<Kind, Asked>> = {
    ignition: { url: urls.ignition, isRight: isConfig },
    frozen: { url: pointer.ignition.config.replace.source, isRight: isConfig },
    'cloud-config': { url: urls.cloudConfig ?? '', isRight: (text) => text === SCRIPT },
    ipxe: {
      url: urls.ipxe,
      isRight: (text) => text.startsWith('#!ipxe\n') && text.includes(`ignition.config.url=${urls.ignition} || goto`),
    },
  };
  return asked[kind];
}

function strike({ r2, kv }: FaultWorld, row: FaultRow): { readonly isStruck: () => boolean } {
  kv.mood = row.kv === 'throws' || row.kv === 'hangs' ? row.kv : 'well';
  kv.lag = () => ({ behind: 1, empty: 99 })[row.kv as string] ?? 0;
  let isStruck = false;
  r2.moodOf = (operation, key) => {
    if (row.call !== '*' && !`${operation} ${key}`.startsWith(row.call)) return 'well';
    isStruck = true;
    return row.mood;
  };
  return { isStruck: () => isStruck };
}

/** What the row must be answered with: `either` where patience decides. */
function expectedOf({ call, mood }: FaultRow, isStruck: boolean): 'right' | 'later' | 'either' {
  // What is told of a boot comes after it, and must not cost it anything. What is composed already saves time, no more.
  if (!isStruck || call.startsWith('put ') || call.includes(' composed/')) return 'right';
  if (mood === 'slow') return call === '*' ? 'either' : 'right';
  return 'later';
}

/** Plays one row and holds its answers to the law; gives what was answered. */
export async function holdRow(world: FaultWorld, row: FaultRow): Promise<'right' | 'later'> {
  const { url, isRight } = await prepare(world, row.kind);
  world.restart();
  if (row.isWarm) await world.boot(url);
  const { isStruck } = strike(world, row);
  const answer = await world.boot(url);
  const wasStruck = isStruck();
  expect(answer.seconds).toBeLessThan(WITHIN_SECONDS);
  const kind = answer.status === 200 && isRight(answer.text) ? 'right' : answer.status === 503 ? 'later' : answer;
  const expected = expectedOf(row, wasStruck);
  expect(expected === 'either' ? ['right', 'later'] : [expected]).toContain(kind);
  world.r2.moodOf = () => 'well';
  const again = await world.boot(url);
  expect([again.status, isRight(again.text)]).toEqual([200, true]);
  return kind as 'right' | 'later';
}
