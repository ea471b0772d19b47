/** The URLs that were given out for a machine, by number: each can be ended by itself. The URLs themselves are kept nowhere. No I/O. */
import type { Machine } from './model.ts';

type Url = NonNullable<Machine['urls']>[number];
type Urls = Pick<Machine, 'nonce' | 'expiry' | 'createdAt' | 'urls' | 'revoked'>;

/** An operator counts no further; older ones still answer until all are revoked. */
const MOST_LISTED = 20;
/** Whoever has ended so many one by one ends all of them next: the list of them is read with each boot. */
const MOST_REVOKED = 100;

/** Returns what a record says of its URLs; of one by an earlier version, the newest is known. */
export const listedUrls = ({ urls, nonce, expiry, createdAt }: Urls): readonly Url[] =>
  urls ?? [{ number: 1, nonce, at: createdAt, expiry }];

/** Returns the list with the newest URL of the record, after it was given a new nonce. */
export function withNewUrl(before: Urls | undefined, { nonce, expiry }: Pick<Machine, 'nonce' | 'expiry'>, at: string) {
  const known = before === undefined ? [] : listedUrls(before);
  const number = (known.at(-1)?.number ?? 0) + 1;
  return { urls: [...known, { number, nonce, at, expiry }].slice(-MOST_LISTED) };
}

/** True for a URL that was ended by itself. */
export const isRevoked = ({ revoked = [] }: Pick<Machine, 'revoked'>, nonce: string): boolean =>
  revoked.includes(nonce);

/** Returns the nonces that either of two records has ended: a backup must not open what was ended after it. */
export const allRevoked = (...lists: readonly (readonly string[] | undefined)[]): string[] => [
  ...new Set(lists.flatMap((list) => list ?? [])),
];

export type RevokeFault = { readonly reason: 'no-such-url' | 'too-many-revoked' };

/** Returns what changes in a record whose URL of this number is ended; a fault where there is none, or too many were. */
export function withoutUrl(
  record: Urls,
  number: number,
  { freshNonce, at }: { readonly freshNonce: () => string; readonly at: string },
): RevokeFault | Partial<Machine> {
  const url = listedUrls(record).find((one) => one.number === number);
  if (url === undefined) return { reason: 'no-such-url' };
  if (isRevoked(record, url.nonce)) return {};
  const revoked = allRevoked(record.revoked, [url.nonce]);
  if (revoked.length > MOST_REVOKED) return { reason: 'too-many-revoked' };
  if (url.nonce !== record.nonce) return { urls: [...listedUrls(record)], revoked };
  // What is told of "its newest URL" from now on must not be one that is dead: another one takes its place.
  const made = { nonce: freshNonce(), expiry: record.expiry };
  return { ...withNewUrl(record, made, at), ...made, revoked };
}

export interface ListedUrl {
  readonly number: number;
  /** ISO 8601. */
  readonly at: string;
  /** ISO 8601; `null` means never. */
  readonly expiresAt: string | null;
  readonly state: 'live' | 'ended' | 'revoked';
}

/** Returns the URLs for an operator, newest first. `now` is in milliseconds. */
export const shownUrls = (record: Urls, now: number): ListedUrl[] =>
  listedUrls(record)
    .map(({ number, nonce, at, expiry }): ListedUrl => {
      const state = isRevoked(record, nonce) ? 'revoked' : expiry !== 0 && now >= expiry * 1000 ? 'ended' : 'live';
      return { number, at, expiresAt: expiry === 0 ? null : new Date(expiry * 1000).toISOString(), state };
    })
    .reverse();

/** True where older URLs than those that are listed may still answer. */
export const hasOlderUrls = (record: Urls): boolean => (listedUrls(record)[0]?.number ?? 1) > 1;
