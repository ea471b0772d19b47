/** The waiting room of a fleet: machines that no record and no rule knows, for a day, as an operator sees them. */
import type { Platform } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { IDENTITY_KINDS } from '../records/identity-values.ts';
import type { Waiting } from './boot-fleet.ts';
import type { WaitingFields, WaitingItem, WaitingStore } from './bucket.ts';
import type { Claims } from './claims.ts';
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
    const listed = await this.store.list(fleet, MOST + 1);
    if (!listed.ok) return;
    const before = listed.value.find((item) => item.key === key);
    const old = listed.value.filter(({ fields }) => isOver(fields, this.platform.now()));
    if (old.length > 0)
      await this.store.remove(
        fleet,
        old.map((item) => item.key),
      );
    // Whoever can invent addresses must not fill the room for ever: who has not asked for the longest time makes room.
    const rest = listed.value.filter(({ fields }) => !isOver(fields, this.platform.now()));
    const oldest = rest.toSorted((a, b) => ((a.fields['at'] ?? '') < (b.fields['at'] ?? '') ? -1 : 1))[0];
    if (before === undefined && rest.length >= MOST && oldest !== undefined)
      await this.store.remove(fleet, [oldest.key]);
    await this.store.write(fleet, key, {
      ...{ at, firstAt: before?.fields['firstAt'] ?? at, state },
      ...(detail === undefined ? {} : { detail: printable(detail).slice(0, 300) }),
      identities: JSON.stringify(Object.fromEntries(Object.entries(claims.identities).map(someOf))),
      ...(Object.keys(claims.labels).length === 0 ? {} : { labels: JSON.stringify(claims.labels).slice(0, 700) }),
    });
  }
}

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
  const listed = await store.list(fleet, MOST + 1);
  if (!listed.ok) return listed;
  const machines = listed.value.filter(({ fields }) => !isOver(fields, now)).map(machineOf);
  return ok(machines.toSorted((a, b) => (a.lastAt < b.lastAt ? 1 : -1)));
}

const isOver = ({ at = '' }: WaitingFields, now: number): boolean => now - Date.parse(at) > DAY_MS;
const printable = (text: string): string => text.replaceAll(/[^ -~]/g, '?');

function machineOf({ key, fields }: WaitingItem): WaitingMachine {
  const { at = '', firstAt = at, state = 'waiting', detail, labels, identities } = fields;
  return {
    ...{ key, state: state as Waiting['state'], detail: detail ?? null, firstAt, lastAt: at },
    identities: objectIn<Claims['identities']>(identities),
    labels: objectIn<Claims['labels']>(labels),
  };
}

/** What an object's metadata takes is bounded. */
const someOf = ([kind, values]: [string, readonly string[]]): [string, readonly string[]] => [kind, values.slice(0, 2)];

function objectIn<T>(text: string | undefined): T {
  try {
    return JSON.parse(text ?? '{}') as T;
  } catch {
    // It was cut.
    return {} as T;
  }
}
