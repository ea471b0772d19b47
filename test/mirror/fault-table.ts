/**
 * Nothing unverified is ever readable, and nothing is lost for good: a mirror run in which one call is struck, walked over, and tried
 * again undisturbed. One table for both runtimes: all of it runs in Node, a few rows over the real R2 emulation and real streams.
 */
import { expect } from 'vitest';
import type { Platform } from '../../src/shared/platform.ts';
import { type Edge, type EdgeOptions, edgeOver, OPERATOR, OPERATOR_TOKEN } from '../support/edge.ts';
import { FaultInjector, type Strike } from './fault-injector.ts';
import { KeptSteps } from './kept-steps.ts';
import { PROVENANCE } from './laws.ts';

export const PAIR = 'stable/amd64-usr';
export const VERSION = '4593.2.5';
export const HERE = `${PAIR}/${VERSION}`;
export const IMAGE = 'flatcar_production_image.bin.bz2';
export const KERNEL = 'flatcar_production_pxe.vmlinuz';
const FILES = ['version.txt', IMAGE, KERNEL];

/** Where a row is played. */
export interface World {
  readonly bucket: R2Bucket;
  readonly platform: Pick<Platform, 'fetch' | 'timer' | 'now' | 'random'>;
  /** Where upstream and its key are. */
  readonly vars: Readonly<Record<string, string>>;
  readonly partBytes?: number;
  /** Every file of the release as it was signed, by its name. */
  readonly genuine: ReadonlyMap<string, Uint8Array>;
  /** Spoils a byte of upstream's image; once more, and it is well. */
  readonly spoil: () => Promise<unknown>;
  /** Lets time go by until `work` is done. */
  readonly until: <T>(work: Promise<T>) => Promise<T>;
  readonly pass: (milliseconds: number) => Promise<void>;
  /** Of the uploads that were `begun`, those that are neither completed nor aborted. */
  readonly openUploads: (begun: FaultInjector['uploads']) => Promise<string[]>;
  /** Laws that were broken at any moment so far, where somebody watches. */
  readonly breaches: () => readonly string[];
}

export interface Row extends Strike {
  /** `spoilt`: upstream's image is not what was signed, until the first job has ended. */
  readonly release: 'good' | 'spoilt';
}

const MINUTE_MS = 60_000;
const MORE_THAN_A_DAY_MS = 25 * 60 * MINUTE_MS;
const JOB = `/api/mirrors/${HERE}`;

/** Plays a row to its end, which is always the same: everything is mirrored, and nothing else is left. */
export async function play(world: World, row: Row): Promise<FaultInjector> {
  const injector = new FaultInjector(row, world.platform.timer);
  const reader = open(world, { platform: { fetch: away } });
  if (row.release === 'spoilt') await world.spoil();
  const outcomes = await firstJob(world, injector, reader);
  // An attempt outlives any single fault by itself; that the Workflow could not be asked is for the next trigger to mend.
  const isLaunch = injector.struck === 'create instance';
  const expected = row.release === 'good' ? 'complete' : 'failed';
  if (!isLaunch) for (const outcome of outcomes) expect(outcome).toBe(expected);
  const readable = await walk(world, reader);
  if (!isLaunch && outcomes.length > 0) {
    expect(await jobState(world, reader)).toBe(expected);
    expect(readable).toEqual(row.release === 'good' ? everything(world) : NOTHING);
  }
  const unknown = await unknownUploads(world, injector);
  if (!mayLoseUpload(injector, row)) expect(unknown).toEqual([]);
  if (row.release === 'spoilt') {
    const image = await world.until(world.bucket.list({ prefix: `files/${HERE}/${IMAGE}/` }));
    expect(image.objects, 'what did not verify').toEqual([]);
    await world.spoil();
  }
  const later = open(world);
  await completes(world, later);
  expect(await world.openUploads(injector.uploads)).toEqual(unknown);
  await leavesNothing(world, later);
  expect(await walk(world, reader)).toEqual(everything(world));
  return injector;
}

const away = async (): Promise<never> => {
  throw new Error('upstream is away');
};

/** How the instances that were launched have ended. */
async function firstJob(world: World, injector: FaultInjector, reader: Edge): Promise<string[]> {
  const steps = new KeptSteps(world.platform.timer);
  const outcomes: string[] = [];
  const edge = open(world, {
    bindings: { RELEASES: injector.bucket(world.bucket) },
    platform: { fetch: injector.fetch(world.platform.fetch), timer: injector.timer },
    throughWorkflow: injector.workflow,
    doStep: steps.life(() => injector.isGone),
  });
  const life = async (): Promise<void> => {
    await edge.fetch(JOB, { method: 'PUT', headers: OPERATOR });
    for (const instance of edge.launched) outcomes.push(await edge.run(instance));
    await edge.settle();
  };
  await world.until(Promise.race([life(), injector.gone]));
  await world.until(injector.quiet());
  await world.until(injector.late);
  if (outcomes.length === edge.launched.length) return outcomes;
  await walk(world, reader);
  // The runtime goes on with the instance in a new isolate, with what its steps have kept.
  const next = open(world, { doStep: steps.life() });
  for (const instance of edge.launched.slice(outcomes.length)) outcomes.push(await world.until(next.run(instance)));
  await world.until(next.settle());
  return outcomes;
}

interface Readable {
  /** Files by the alias. */
  readonly files: readonly string[];
  /** Lists that show the release. */
  readonly lists: readonly string[];
}

const LISTS = [`/${PAIR}/`, '/releases.json'];
const NOTHING: Readable = { files: [], lists: [] };
const everything = ({ genuine }: World): Readable => ({ files: [...genuine.keys()], lists: LISTS });

/** Asks every public URL while upstream is away: what is answered must be ours, genuine, and all of it. */
async function walk(world: World, reader: Edge): Promise<Readable> {
  const names = [...world.genuine.keys()];
  const byNumber = await world.until(readableBelow(world, reader, VERSION));
  const byAlias = await world.until(readableBelow(world, reader, 'current'));
  const texts = LISTS.map(async (list) => await (await reader.fetch(list)).text());
  const shown = (await world.until(Promise.all(texts))).map((text) => text.includes(VERSION));
  const lists = LISTS.filter((_, index) => shown[index]);
  // An alias names only what is there as a whole, and so do the lists.
  if (byNumber.length + byAlias.length + lists.length > 0) expect(byNumber).toEqual(names);
  await world.until(reader.settle());
  expect(world.breaches()).toEqual([]);
  return { files: byAlias, lists };
}

async function readableBelow({ genuine }: World, reader: Edge, version: string): Promise<string[]> {
  const read = async ([name, whole]: [string, Uint8Array]): Promise<string[]> => {
    const response = await reader.fetch(pathOf(name, version));
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (response.status === 200) expect(Buffer.compare(bytes, whole), name).toBe(0);
    else expect(response.status, `${version}/${name}`).toBeGreaterThanOrEqual(500);
    return response.headers.get('x-flatcar-source') === 'mirror' ? [name] : [];
  };
  // The others find in memory what the first has looked up.
  const [first, ...others] = genuine;
  const readable = first === undefined ? [] : await read(first);
  return [readable, ...(await Promise.all(others.map(read)))].flat();
}

/** An update payload has no alias. */
const pathOf = (name: string, version: string): string =>
  name.startsWith('update/')
    ? `/update/amd64-usr/${VERSION}/${name.slice('update/'.length)}`
    : `/${PAIR}/${version}/${name}`;

/** A later attempt, nothing in its way. */
async function completes(world: World, edge: Edge): Promise<void> {
  await world.pass(11 * MINUTE_MS);
  await world.until(edge.fetch(JOB, { method: 'PUT', headers: OPERATOR }));
  await world.until(edge.runAll());
  expect(await jobState(world, edge)).toBe('complete');
  await world.until(edge.settle());
}

async function jobState(world: World, edge: Edge): Promise<string> {
  const response = await world.until(edge.fetch(JOB, { headers: OPERATOR }));
  return ((await world.until(response.json())) as { state: string }).state;
}

/** Whatever the attempts have left behind is gone a day later, and nothing else. */
async function leavesNothing(world: World, edge: Edge): Promise<void> {
  const genuine = [...world.genuine.keys()].toSorted();
  const stored = async () => {
    const { objects } = await world.until(world.bucket.list({ prefix: 'files/' }));
    const names = objects.map(({ key }) => key.split('/').slice(4, -1).join('/'));
    // A statement stands beside each file that was proved; the laws say what is in it.
    expect(names.filter((name) => name.endsWith(PROVENANCE)).toSorted()).toEqual(
      names
        .filter((name) => names.includes(`${name}${PROVENANCE}`))
        .map((name) => `${name}${PROVENANCE}`)
        .toSorted(),
    );
    return names.filter((name) => !name.endsWith(PROVENANCE)).toSorted();
  };
  if ((await stored()).length > genuine.length) {
    await world.pass(MORE_THAN_A_DAY_MS);
    await world.until(edge.poll());
    await world.until(edge.settle());
  }
  expect(await stored()).toEqual(genuine);
}

/** Uploads that are open though no record of them tells the next attempt. */
async function unknownUploads(world: World, injector: FaultInjector): Promise<string[]> {
  const record = await world.until(world.bucket.get(`status/${HERE}/${IMAGE}.upload.json`));
  const known = record === null ? undefined : (JSON.parse(await world.until(record.text())) as { id: string }).id;
  return (await world.openUploads(injector.uploads)).filter((id) => id !== known);
}

/** R2 has begun one and nobody has lived to hear of it: R2 itself drops such an upload after seven days. */
const mayLoseUpload = ({ struck }: FaultInjector, { kind }: Row): boolean =>
  struck?.startsWith('createMultipartUpload') === true && kind !== 'fail' && kind !== 'hang';

function open({ bucket, platform, vars, partBytes }: World, options: EdgeOptions = {}): Edge {
  const more = { OPERATOR_TOKEN, MIRROR: PAIR, MIRROR_FILES: [...FILES, 'missing.bin'].join() };
  const bindings = { RELEASES: bucket, MACHINES: {}, ...options.bindings };
  const whole = {
    ...options,
    ...(partBytes === undefined ? {} : { partBytes }),
    platform: { ...platform, ...options.platform },
  };
  return edgeOver({ ...bindings, ...vars, ...more }, whole);
}
