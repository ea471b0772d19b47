/**
 * A client that boots as Ignition 2.26 does (internal/resource/http.go, providers/cmdline): its headers, its retries, what it takes
 * as final, and what it makes of pointers. Waiting is handed in, so that a test need not.
 */
import { parseConfig } from '../../src/ignition/parse.ts';

export type Boot =
  /** What the engine would run. */
  | { readonly outcome: 'booted'; readonly config: string; readonly requests: number }
  /** An empty config drops the whole user config, silently. */
  | { readonly outcome: 'dropped'; readonly requests: number }
  | { readonly outcome: 'failed'; readonly why: string; readonly requests: number };

type Send = (url: string, headers: Record<string, string>) => Promise<Response>;

const HEADERS = {
  'user-agent': 'Ignition/2.26.0',
  accept: 'application/vnd.coreos.ignition+json;version=3.6.0, */*;q=0.1',
  'accept-encoding': 'identity',
};
const TOTAL_MS = 120_000;
const HEADER_MS = 10_000;

export async function bootIgnition(
  url: string,
  send: Send,
  wait: (milliseconds: number) => Promise<void>,
): Promise<Boot> {
  const first = await fetchConfig(url, send, wait, TOTAL_MS);
  if (first.text === undefined) return { outcome: 'failed', why: first.why, requests: first.requests };
  if (first.text === '') return { outcome: 'dropped', requests: first.requests };
  const parsed = parseConfig(first.text);
  if (!parsed.ok) return { outcome: 'failed', why: parsed.error.reason, requests: first.requests };
  const replace = parsed.value.config.ignition.config?.replace;
  if (replace?.source === undefined) return { outcome: 'booted', config: first.text, requests: first.requests };
  // What a config refers to is tried for ever.
  const next = await fetchConfig(replace.source, send, wait, Number.POSITIVE_INFINITY);
  const requests = first.requests + next.requests;
  if (next.text === undefined) return { outcome: 'failed', why: next.why, requests };
  if (next.text === '') return { outcome: 'dropped', requests };
  const hash = replace.verification?.hash;
  if (hash !== undefined && hash !== `sha512-${await sha512(next.text)}`)
    return { outcome: 'failed', why: 'hash', requests };
  return { outcome: 'booted', config: next.text, requests };
}

interface Fetched {
  readonly text?: string;
  readonly why: string;
  readonly requests: number;
}

async function fetchConfig(
  url: string,
  send: Send,
  wait: (milliseconds: number) => Promise<void>,
  total: number,
): Promise<Fetched> {
  let spent = 0;
  let pause = 200;
  for (let requests = 1; ; requests += 1) {
    const began = performance.now();
    const response = await sendFollowing(url, send, HEADERS);
    const took = performance.now() - began;
    spent += took;
    const isFinal = response.status < 500 && took < HEADER_MS;
    if (isFinal && (response.status === 200 || response.status === 204)) {
      if (response.headers.get('content-encoding') !== null) return { why: 'encoded', requests };
      return { text: await response.text(), why: '', requests };
    }
    if (isFinal) return { why: `final ${response.status}`, requests };
    spent += pause;
    if (spent > total) return { why: 'unable to fetch resource in time', requests };
    await wait(pause);
    pause = Math.min(pause * 2, 5000);
  }
}

/** A redirect is followed with none of the headers. */
async function sendFollowing(url: string, send: Send, headers: Record<string, string>): Promise<Response> {
  const response = await send(url, headers);
  const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
  if (location === null) return response;
  return await sendFollowing(new URL(location, url).href, send, { 'user-agent': 'Go-http-client/1.1' });
}

async function sha512(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-512', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
