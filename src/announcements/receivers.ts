/** The receivers of announcements, as ANNOUNCE_URLS names them. No I/O. */

import { EVENT_TYPES, type EventType } from '../shared/announcement.ts';
import { sha256Hex } from '../shared/bytes.ts';
import { err, ok, type Result } from '../shared/result.ts';

export interface Receiver {
  readonly url: string;
  /** What it is told of. */
  readonly types: readonly EventType[];
}

const MOST_RECEIVERS = 20;

/**
 * Reads ANNOUNCE_URLS: URLs by comma, each with the types behind it that the receiver wants, by space. `release.*` stands for all
 * that begin so, and a URL alone for all types. The error is a sentence without the URL, which may hold a secret.
 */
export function parseReceivers(text: string): Result<readonly Receiver[], string> {
  const receivers: Receiver[] = [];
  const entries = text.split(',').map((entry) => entry.trim());
  for (const entry of entries.filter((one) => one !== '')) {
    const [url = '', ...wanted] = entry.split(' ').filter((word) => word !== '');
    if (!isReceiver(url)) return err('must be http or https URLs without credentials or fragments, by comma');
    if (receivers.some((receiver) => receiver.url === url)) return err('names the same URL twice');
    const types = wanted.length === 0 ? [...EVENT_TYPES] : EVENT_TYPES.filter((type) => wanted.some(fits(type)));
    const unknown = wanted.find((word) => !EVENT_TYPES.some((type) => fits(type)(word)));
    if (unknown !== undefined) return err(`${unknown.slice(0, 40)} is none of ${EVENT_TYPES.join(', ')}`);
    receivers.push({ url, types });
  }
  return receivers.length > MOST_RECEIVERS ? err(`names more than ${MOST_RECEIVERS} URLs`) : ok(receivers);
}

const fits =
  (type: EventType) =>
  (word: string): boolean =>
    word === type || (word.endsWith('.*') && type.startsWith(word.slice(0, -1)));

function isReceiver(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}

/** Returns the name under which a receiver's deliveries are stored. */
export const receiverKey = async ({ url }: Receiver): Promise<string> =>
  (await sha256Hex(new Uint8Array(new TextEncoder().encode(url)))).slice(0, 16);

/** A part of a path that is so long may be a token, as in the URLs of Slack, Discord and Teams. */
const MOST_SHOWN = 15;

/** Returns a receiver's URL as whoever may read sees it: its query and the long parts of its path may hold a token. */
export function shownUrl(url: string): string {
  const { origin, pathname, search } = new URL(url);
  const shown = pathname.split('/').map((part) => (part.length > MOST_SHOWN ? `${part.slice(0, 3)}…` : part));
  return `${origin}${shown.join('/')}${search === '' ? '' : '?…'}`;
}
