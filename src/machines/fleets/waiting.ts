/** The waiting room of a fleet: machines that no record and no rule knows, for a day, as an operator sees them. */
import type { Platform } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { IDENTITY_KINDS } from '../records/identity-values.ts';
import type { Waiting } from './boot-fleet.ts';
import type { WaitingFields, WaitingItem, WaitingStore } from './bucket.ts';
import { type Claims, claimsText } from './claims.ts';
import { identityName } from './identity-name.ts';

export interface WaitingMachine {
  /** By which it is assigned, such as `mac-52-54-00-12-34-56`. */
  readonly key: string;
  readonly state: Waiting['state'];
  /** What is wrong, in words. */
  readonly detail: string | null;
  readonly identities: Claims['identities'];
  readonly labels: Claims['labels'];
  readonly firstAt: string;
  readonly lastAt: string;
}

const MOST = 500;
/** As many as a flood leaves before somebody makes room. */
const MOST_LISTED = 5_000;
const DAY_MS = 86_400_000;
/** A machine asks every 15 s; what is shown need not be newer than this. */
const NOTED_EVERY_MS = 60_000;
const MOST_NOTED = 1_000;

/** Returns the key of a waiting machine; `undefined` for one that tells nothing of itself. */
async function waitingKey(claims: Pick<Claims, 'identities'>): Promise<string | undefined> {
  const named = await identityName(claims);
  if (named === undefined) return undefined;
  return named.name.startsWith(`${named.kind}-`) ? named.name : `${named.kind}-${named.name}`;
}

/** Notes machines that wait. It never fails a boot: what cannot be noted is noted when the machine asks again. */
export class WaitingRoom {
  readonly #noted = new Map<string, { readonly at: number; readonly firstAt: string; readonly state: string }>();

  constructor(
    private readonly platform: Platform,
    private readonly store: WaitingStore,
  ) {}

  /** Notes one in the background. */
  note(fleet: string, waiting: Waiting): void {
    if (Object.keys(waiting.claims.identities).length === 0) return;
    const id = JSON.stringify([fleet, waiting.claims.identities]);
    const now = this.platform.now();
    const noted = this.#noted.get(id);
    if (noted !== undefined && noted.state === waiting.state && now - noted.at < NOTED_EVERY_MS) return;
    const at = new Date(now).toISOString();
    this.#noted.set(id, { at: now, firstAt: noted?.firstAt ?? at, state: waiting.state });
    const [oldest] = this.#noted.keys();
    if (this.#noted.size > MOST_NOTED && oldest !== undefined) this.#noted.delete(oldest);
    this.platform.waitUntil(this.#write(fleet, waiting, at));
  }

  /** Forgets one that has become a machine: what this isolate has noted, and what a first boot has made. */
  forget(fleet: string, claims: Claims, isNew: boolean): void {
    const id = JSON.stringify([fleet, claims.identities]);
    const isNoted = this.#noted.delete(id);
    if (isNoted || isNew) this.platform.waitUntil(forgetWaiting(this.store, fleet, claims.identities));
  }

  async #write(fleet: string, { claims, state, detail }: Waiting, at: string): Promise<void> {
    const key = await waitingKey(claims);
    if (key === undefined) return;
    const now = this.platform.now();
    const read = await this.store.read(fleet, key);
    if (!read.ok) return;
    const before = read.value !== undefined && !isOver(read.value, now) ? read.value : undefined;
    if (before === undefined) await this.#makeRoom(fleet);
    const seen = objectIn<Claims['identities']>(before?.['identities']);
    // Whoever says another machine's address must not be given what that machine waits for.
    const isTwo = before !== undefined && !areOne(seen, claims.identities);
    const said = isTwo ? `several machines say this: ${textOf(seen)}, and ${textOf(claims.identities)}` : detail;
    await this.store.write(fleet, key, {
      ...{ at, firstAt: before?.['firstAt'] ?? at, state: isTwo ? 'contradiction' : state },
      ...(said === undefined ? {} : { detail: printable(said).slice(0, 500) }),
      identities: isTwo ? (before['identities'] ?? '{}') : JSON.stringify({ ...seen, ...claims.identities }),
      ...(Object.keys(claims.labels).length === 0 ? {} : { labels: JSON.stringify(claims.labels) }),
    });
  }

  /** Whoever can invent addresses must not fill the room for ever: who has not asked for the longest time makes room. */
  async #makeRoom(fleet: string): Promise<void> {
    const listed = await this.store.list(fleet, MOST_LISTED);
    if (!listed.ok) return;
    const rest = listed.value.filter(({ fields }) => !isOver(fields, this.platform.now()));
    const newest = rest
      .toSorted((a, b) => ((a.fields['at'] ?? '') < (b.fields['at'] ?? '') ? 1 : -1))
      .slice(0, MOST - 1);
    const kept = new Set(newest.map(({ key }) => key));
    const old = listed.value.filter(({ key }) => !kept.has(key)).map(({ key }) => key);
    for (let at = 0; at < old.length; at += 1000) await this.store.remove(fleet, old.slice(at, at + 1000));
  }
}

/** True where both may be what one machine says: they say nothing different of any kind. */
const areOne = (seen: Claims['identities'], claimed: Claims['identities']): boolean =>
  IDENTITY_KINDS.every(
    (kind) => seen[kind] === undefined || claimed[kind] === undefined || seen[kind].join() === claimed[kind].join(),
  );

const textOf = (identities: Claims['identities']): string => claimsText({ identities, labels: {} });

/** Forgets what waited with one of these identities: it is a machine now. */
export async function forgetWaiting(
  store: WaitingStore,
  fleet: string,
  identities: Claims['identities'],
): Promise<void> {
  const each = IDENTITY_KINDS.flatMap((kind) => (identities[kind] ?? []).map((value) => ({ [kind]: [value] })));
  const keys = await Promise.all(each.map((one) => waitingKey({ identities: one })));
  const known = keys.filter((key) => key !== undefined);
  if (known.length > 0) await store.remove(fleet, known);
}

/** Returns the machines that wait, the last one that asked first. */
export async function waitingIn(
  store: WaitingStore,
  fleet: string,
  now: number,
): Promise<Result<readonly WaitingMachine[], StoreFault>> {
  const listed = await store.list(fleet, MOST_LISTED);
  if (!listed.ok) return listed;
  const machines = listed.value.filter(({ fields }) => !isOver(fields, now)).map(machineOf);
  return ok(machines.toSorted((a, b) => (a.lastAt < b.lastAt ? 1 : -1)).slice(0, MOST));
}

/** Returns the machine of a key; `undefined` where none waits under it. */
export async function waitingOne(
  store: WaitingStore,
  fleet: string,
  key: string,
  now: number,
): Promise<Result<WaitingMachine | undefined, StoreFault>> {
  const read = await store.read(fleet, key);
  if (!read.ok) return read;
  const isThere = read.value !== undefined && !isOver(read.value, now);
  return ok(isThere ? machineOf({ key, fields: read.value ?? {} }) : undefined);
}

const isOver = ({ at = '' }: WaitingFields, now: number): boolean => !(now - Date.parse(at) <= DAY_MS);
const printable = (text: string): string => text.replaceAll(/[^ -~]/g, '?');

function machineOf({ key, fields }: WaitingItem): WaitingMachine {
  const { at = '', firstAt = at, state = 'waiting', detail, labels, identities } = fields;
  return {
    ...{ key, state: state as Waiting['state'], detail: detail ?? null, firstAt, lastAt: at },
    identities: objectIn<Claims['identities']>(identities),
    labels: objectIn<Claims['labels']>(labels),
  };
}

function objectIn<T>(text: string | undefined): T {
  try {
    return JSON.parse(text ?? '{}') as T;
  } catch {
    // Somebody else has written it.
    return {} as T;
  }
}
