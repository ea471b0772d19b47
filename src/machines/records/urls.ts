/** The URLs that were given out for a machine, by number: each can be ended by itself. The URLs themselves are kept nowhere. No I/O. */
import type { Machine } from './model.ts';

type Url = NonNullable<NonNullable<Machine['urls']>['list']>[number];
type Urls = Pick<Machine, 'epoch' | 'nonce' | 'expiry' | 'updatedAt' | 'urls' | 'revoked'>;

/** An operator counts no further; older ones still answer until all are revoked. */
const MOST_LISTED = 20;
/** Whoever has ended so many one by one ends all of them next: the list of them is read with each boot. */
const MOST_REVOKED = 100;
/** A record may hold more of them than one may end: backups of several places add up. */
export const MOST_KEPT_REVOKED = 200;

/** What a record says of its URLs. */
interface Known {
  readonly list: readonly Url[];
  /** The number of the first URL of the epoch; 0 where nobody can say how many were given out before the list. */
  readonly from: number;
}

/** Returns what is known of the URLs of a record. An earlier version writes neither the list nor its epoch: then the newest is known. */
function known({ epoch, nonce, expiry, updatedAt, urls }: Urls): Known {
  const isOfEpoch = urls?.epoch === epoch;
  const list = isOfEpoch ? urls.list : [];
  if (isOfEpoch && list.at(-1)?.nonce === nonce) return { list, from: urls.from };
  const number = (urls?.list.at(-1)?.number ?? 0) + 1;
  return { list: [...list, { number, nonce, at: updatedAt, expiry }].slice(-MOST_LISTED), from: 0 };
}

/** Returns what is stored of the URLs of a record whose newest nonce is `made`, after `before`. A new epoch has ended those before it. */
export function withNewUrl(
  before: Urls | undefined,
  made: Pick<Machine, 'epoch' | 'nonce' | 'expiry'>,
  at: string,
): { readonly urls: NonNullable<Machine['urls']> } {
  const { epoch, nonce, expiry } = made;
  const { list, from } = before === undefined ? { list: [], from: 1 } : known(before);
  const number = (list.at(-1)?.number ?? 0) + 1;
  const url = { number, nonce, at, expiry };
  if (before?.epoch !== epoch) return { urls: { epoch, from: number, list: [url] } };
  return { urls: { epoch, from, list: [...list, url].slice(-MOST_LISTED) } };
}

/** True for a URL that was ended by itself. */
export const isRevoked = ({ revoked = [] }: Pick<Machine, 'revoked'>, nonce: string): boolean =>
  revoked.includes(nonce);

/** Returns the nonces that either of two records has ended: a backup must not open what was ended after it. */
const allRevoked = (...lists: readonly (readonly string[] | undefined)[]): string[] => [
  ...new Set(lists.flatMap((list) => list ?? [])),
];

/** What is remembered of them when all URLs are ended: a backup of before could bring one back. */
export const revokedBefore = ({ revoked = [] }: Pick<Machine, 'revoked'>): Partial<Machine> => ({
  revoked: revoked.slice(-MOST_REVOKED / 2),
});

type RevokeFault = { readonly reason: 'no-such-url' | 'too-many-revoked' };

interface Fresh {
  readonly freshNonce: () => string;
  /** ISO 8601. */
  readonly at: string;
}

/** Returns what changes in a record whose URL of this number is ended; a fault where there is none, or too many were. */
export function withoutUrl(record: Urls, number: number, fresh: Fresh): RevokeFault | Partial<Machine> {
  const url = known(record).list.find((one) => one.number === number);
  if (url === undefined) return { reason: 'no-such-url' };
  const revoked = allRevoked(record.revoked, [url.nonce]);
  if (isRevoked(record, url.nonce) && url.nonce !== record.nonce) return {};
  if (revoked.length > MOST_REVOKED) return { reason: 'too-many-revoked' };
  if (url.nonce !== record.nonce) return { revoked };
  return { ...successor(record, fresh), revoked };
}

/** What is told of "its newest URL" must not be one that is dead: another one takes its place. */
function successor(record: Urls, { freshNonce, at }: Fresh): Partial<Machine> {
  const made = { nonce: freshNonce(), expiry: record.expiry };
  return { ...withNewUrl(record, { epoch: record.epoch, ...made }, at), ...made };
}

type Backup = Pick<Machine, 'epoch' | 'nonce' | 'expiry' | 'revoked' | 'urls'>;

/**
 * Returns the URLs of a record that is brought back from a backup. `before` is the record that is there, also of a deleted machine. What was
 * ended since the backup stays ended, numbers go on, and the newest URL is one that answers.
 */
export function restoredUrls(before: Urls | undefined, backup: Backup, fresh: Fresh): Partial<Machine> {
  const revoked = allRevoked(before?.revoked, backup.revoked);
  const isSameEpoch = before?.epoch === backup.epoch;
  const there = isSameEpoch ? before : undefined;
  const chosen = [backup, there].find((one) => one !== undefined && !revoked.includes(one.nonce));
  const nonce = chosen?.nonce ?? fresh.freshNonce();
  const expiry = chosen?.expiry ?? backup.expiry;
  const brought = backup.urls?.epoch === backup.epoch ? backup.urls : undefined;
  const urls = listsTogether(there?.urls, brought);
  const isListed = urls?.list.at(-1)?.nonce === nonce;
  const record = { epoch: backup.epoch, nonce, expiry };
  if (isListed) return { ...record, revoked, urls };
  const last = Math.max(urls?.list.at(-1)?.number ?? 0, before?.urls?.list.at(-1)?.number ?? 0);
  // An epoch of which no URL was given out before begins here; of one that nobody knows, there may be older ones.
  const from = urls === undefined ? 0 : urls.list.length === 0 ? last + 1 : urls.from;
  const list = [
    ...(urls?.list ?? []).filter((one) => one.nonce !== nonce),
    { number: last + 1, nonce, at: fresh.at, expiry },
  ];
  return { ...record, revoked, urls: { epoch: backup.epoch, from, list: list.slice(-MOST_LISTED) } };
}

/** The longer knowledge of one epoch wins: both count the same URLs. */
function listsTogether(there: Machine['urls'], brought: Machine['urls']): Machine['urls'] {
  if (there === undefined || brought === undefined) return there ?? brought;
  return (there.list.at(-1)?.number ?? 0) >= (brought.list.at(-1)?.number ?? 0) ? there : brought;
}

export interface ListedUrl {
  readonly number: number;
  /** ISO 8601. */
  readonly at: string;
  /** ISO 8601; `null` means never. */
  readonly expiresAt: string | null;
  readonly state: 'live' | 'ended' | 'revoked';
}

/** Returns the URLs for an operator, newest first, and whether older ones may still answer. `now` is in milliseconds. */
export function shownUrls(record: Urls, now: number): { readonly items: ListedUrl[]; readonly hasOlder: boolean } {
  const { list, from } = known(record);
  const items = list.map(({ number, nonce, at, expiry }): ListedUrl => {
    const state = isRevoked(record, nonce) ? 'revoked' : expiry !== 0 && now >= expiry * 1000 ? 'ended' : 'live';
    return { number, at, expiresAt: expiry === 0 ? null : new Date(expiry * 1000).toISOString(), state };
  });
  return { items: items.reverse(), hasOlder: (list[0]?.number ?? 1) > from };
}
