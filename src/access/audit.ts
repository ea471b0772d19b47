/**
 * The trail of writes: who wrote what, and when. An entry is stored after the write and before its answer. It never holds a
 * secret, nor anything that was written.
 */
import { toBase64Url } from '../shared/mac.ts';
import type { Platform } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import type { AccessStore } from './bucket.ts';

export interface AuditEntry {
  /** ISO 8601. */
  readonly at: string;
  readonly who: string;
  /** The operation id of the call, such as `putMachine`. */
  readonly call: string;
  /** The path of what was written. */
  readonly target: string;
  readonly status: number;
  readonly requestId: string;
  /** The generation, or the version that an alias named, before and after the write. */
  readonly before?: string;
  readonly after?: string;
}

export interface AuditFilter {
  readonly who?: string | undefined;
  readonly call?: string | undefined;
  /** Only entries whose targets begin with it. */
  readonly target?: string | undefined;
}

export interface AuditPorts {
  readonly platform: Platform;
  readonly store: AccessStore;
}

/** Names count down from this time in milliseconds, so that R2 lists the newest entry first. */
const LATEST = 10 ** 15;
const ATTEMPTS = 3;
const MOST_TEXT = 500;
const PAGE = 100;
/** A call looks at no more entries than this for a page; the next one goes on. */
const MOST_LOOKED = 5000;
const LOOK = 1000;

/** Stores an entry, in three attempts. */
export async function leaveEntry(
  { platform, store }: AuditPorts,
  entry: Omit<AuditEntry, 'at'>,
): Promise<Result<undefined, StoreFault>> {
  const now = platform.now();
  const fields = { ...entry, at: new Date(now).toISOString() };
  // R2 keeps a few kilobytes of metadata, and takes only what a header takes.
  const texts = Object.fromEntries(
    Object.entries(fields).map(([field, value]) => [field, encodeURI(String(value)).slice(0, MOST_TEXT)]),
  );
  const random = toBase64Url(crypto.getRandomValues(new Uint8Array(6)));
  const name = `${countdown(now)}-${random}`;
  let last: Result<undefined, StoreFault> = err({ reason: 'store-unreachable', operation: 'write audit' });
  for (let attempt = 0; attempt < ATTEMPTS && !last.ok; attempt += 1) last = await store.writeEntry(name, texts);
  return last;
}

/** Returns a page of entries, newest first, from the place `after`. `place` is where the next page begins. */
export async function readTrail(
  { store }: AuditPorts,
  filter: AuditFilter,
  after: string,
): Promise<Result<{ readonly items: readonly AuditEntry[]; readonly place: string | null }, StoreFault>> {
  const items: AuditEntry[] = [];
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  let place = after;
  for (let looked = 0; looked < MOST_LOOKED; ) {
    const page = await store.entries(place, isFiltered ? LOOK : PAGE);
    if (!page.ok) return page;
    for (const { name, fields } of page.value.items) {
      if (items.length === PAGE) return ok({ items, place });
      looked += 1;
      place = name;
      const entry = entryOf(fields);
      if (fits(entry, filter)) items.push(entry);
    }
    if (page.value.isLast) return ok({ items, place: null });
    if (items.length === PAGE) break;
  }
  return ok({ items, place });
}

/** Deletes entries that are older than `days`. A call deletes at most a thousand. */
export async function forgetEntries(
  { platform, store }: AuditPorts,
  days: number,
): Promise<Result<number, StoreFault>> {
  const oldest = platform.now() - days * 24 * 3_600_000;
  const page = await store.entries(countdown(oldest), LOOK);
  if (!page.ok) return page;
  const names = page.value.items.map(({ name }) => name);
  if (names.length === 0) return ok(0);
  const removed = await store.removeEntries(names);
  return removed.ok ? ok(names.length) : removed;
}

const countdown = (at: number): string => String(LATEST - at).padStart(15, '0');

function entryOf(fields: Readonly<Record<string, string>>): AuditEntry {
  const text = (field: string) => decoded(fields[field] ?? '');
  const { before, after } = fields;
  return {
    at: text('at'),
    who: text('who'),
    call: text('call'),
    target: text('target'),
    status: Number(fields['status'] ?? 0),
    requestId: text('requestId'),
    ...(before === undefined ? {} : { before: decoded(before) }),
    ...(after === undefined ? {} : { after: decoded(after) }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}

const fits = ({ who, call, target }: AuditEntry, filter: AuditFilter): boolean =>
  (filter.who === undefined || filter.who === who) &&
  (filter.call === undefined || filter.call === call) &&
  (filter.target === undefined || target.startsWith(filter.target));
