/**
 * The client of the release hosts. It asks for the facts of a file (HEAD), for small files as a whole, and for ranges
 * of large ones. A host may not know ranges or preconditions, so each answer is checked against the facts before its
 * bytes are used.
 */

import { parseHttpDate } from '../../shared/http/date.ts';
import { strongTag } from '../../shared/http/entity-tag.ts';
import { type FetchFault, guardedFetch } from '../../shared/http/guarded-fetch.ts';
import { readLimited } from '../../shared/http/read-limited.ts';
import type { RedirectPolicy } from '../../shared/http/redirect-policy.ts';
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { isUpdate, plainName } from '../companions.ts';
import { type FileFacts, serverTag } from '../delivery.ts';
import type { Alias, Pair, Version } from '../model.ts';
import { expandTemplate } from './url-template.ts';

/** A file under the name that upstream gives it: below a version, or below an alias. */
export interface UpstreamFile extends Pair {
  readonly version: Version | Alias;
  readonly file: string;
}

export interface UpstreamFacts extends FileFacts {
  /** The strong entity tag that upstream sent (RFC 9110 section 8.8.3), if it sent one. */
  readonly upstreamTag: string | undefined;
}

export type UpstreamFault =
  | FetchFault
  | { readonly reason: 'absent' }
  | { readonly reason: 'unexpected-status'; readonly status: number }
  | { readonly reason: 'no-length' }
  | { readonly reason: 'encoded'; readonly encoding: string }
  | { readonly reason: 'too-large'; readonly limit: number }
  | { readonly reason: 'truncated'; readonly cause?: unknown }
  | { readonly reason: 'stalled' }
  /** Upstream now has another file than the one that the facts describe. */
  | { readonly reason: 'changed' }
  | { readonly reason: 'wrong-range' };

interface OpenBody {
  readonly body: ReadableStream<Uint8Array>;
  /** How many bytes to drop first: a server that ignores Range sends the file from its beginning. */
  readonly skip: number;
}

export interface Upstream {
  facts(file: UpstreamFile): Promise<Result<UpstreamFacts, UpstreamFault>>;
  /** Returns a whole file of at most `limit` bytes with its facts; a larger file is `too-large`. */
  small(
    file: UpstreamFile,
    limit: number,
  ): Promise<Result<{ bytes: Uint8Array<ArrayBuffer>; facts: UpstreamFacts }, UpstreamFault>>;
  /** Opens the file that `facts` describe, from byte `start` to byte `end` inclusive. */
  open(file: UpstreamFile, facts: UpstreamFacts, start: number, end: number): Promise<Result<OpenBody, UpstreamFault>>;
}

/** Returns an upstream that takes update payloads from `updates`, and everything else from `releases`. */
export function upstreamByKind(releases: Upstream, updates: Upstream): Upstream {
  const of = ({ file }: UpstreamFile): Upstream => (isUpdate(file) ? updates : releases);
  return {
    facts: (file) => of(file).facts(file),
    small: (file, limit) => of(file).small(file, limit),
    open: (file, facts, start, end) => of(file).open(file, facts, start, end),
  };
}

/** Returns the upstream whose URLs come from `template`; `policy` says which hosts a redirect may lead to. */
export function httpUpstream(platform: Platform, template: string, policy: RedirectPolicy): Upstream {
  const ask = async (file: UpstreamFile, method: 'GET' | 'HEAD', headers: Record<string, string> = {}) =>
    await guardedFetch(platform, {
      url: expandTemplate(template, { ...file, file: plainName(file.file) }),
      method,
      headers,
      policy,
    });

  /** Serves hosts that answer no HEAD, or one without a length: Content-Range of the first byte names the size. */
  const factsByRange = async (file: UpstreamFile): Promise<Result<UpstreamFacts, UpstreamFault>> => {
    const answer = await ask(file, 'GET', { range: 'bytes=0-0' });
    if (!answer.ok) return answer;
    const { response } = answer.value;
    await response.body?.cancel();
    if (response.status !== 200 && response.status !== 206) return err(statusFault(response.status));
    const headers = new Headers(response.headers);
    const size = /^bytes 0-0\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
    if (response.status === 206) headers.set('content-length', size ?? '');
    return readFacts(headers, platform.now());
  };

  return {
    async facts(file) {
      const answer = await ask(file, 'HEAD');
      if (!answer.ok) return answer;
      const { response } = answer.value;
      if (response.status === 405 || response.status === 501) return await factsByRange(file);
      if (response.status !== 200) return err(statusFault(response.status));
      const facts = readFacts(response.headers, platform.now());
      return !facts.ok && facts.error.reason === 'no-length' ? await factsByRange(file) : facts;
    },

    async small(file, limit) {
      const answer = await ask(file, 'GET');
      if (!answer.ok) return answer;
      const { response } = answer.value;
      if (response.status !== 200) {
        await response.body?.cancel();
        return err(statusFault(response.status));
      }
      const encoded = encodingFault(response.headers);
      if (encoded !== undefined) {
        await response.body?.cancel();
        return err(encoded);
      }
      const body = await readLimited(platform, response.body, limit);
      if (!body.ok) return body;
      const headers = new Headers(response.headers);
      const announced = headers.get('content-length');
      if (announced !== null && Number(announced) !== body.value.length) return err({ reason: 'truncated' });
      headers.set('content-length', String(body.value.length));
      const facts = readFacts(headers, platform.now());
      return facts.ok ? ok({ bytes: body.value, facts: facts.value }) : facts;
    },

    async open(file, facts, start, end) {
      const isWhole = start === 0 && end === facts.size - 1;
      const answer = await ask(file, 'GET', isWhole ? {} : rangeHeaders(facts, start, end));
      if (!answer.ok) return answer;
      const { response } = answer.value;
      const encoded = encodingFault(response.headers);
      if (encoded !== undefined) {
        await response.body?.cancel();
        return err(encoded);
      }
      const skip = isWhole ? skipOfWhole(response, facts) : skipOfRange(response, facts, start, end);
      if (!skip.ok) {
        await response.body?.cancel();
        return skip;
      }
      if (response.body === null) return err({ reason: 'truncated' });
      return ok({ body: response.body, skip: skip.value });
    },
  };
}

const rangeHeaders = (facts: UpstreamFacts, start: number, end: number): Record<string, string> => ({
  range: `bytes=${start}-${end}`,
  ...(facts.upstreamTag === undefined ? {} : { 'if-range': facts.upstreamTag }),
});

function skipOfWhole(response: Response, facts: UpstreamFacts): Result<number, UpstreamFault> {
  if (response.status !== 200) return err(statusFault(response.status));
  const length = response.headers.get('content-length');
  if (length !== null && Number(length) !== facts.size) return err({ reason: 'changed' });
  return isSameFile(response, facts) ? ok(0) : err({ reason: 'changed' });
}

function skipOfRange(
  response: Response,
  facts: UpstreamFacts,
  start: number,
  end: number,
): Result<number, UpstreamFault> {
  if (response.status === 416) return err({ reason: 'changed' });
  if (response.status === 200) {
    const whole = skipOfWhole(response, facts);
    return whole.ok ? ok(start) : whole;
  }
  if (response.status !== 206) return err(statusFault(response.status));
  if (!isSameFile(response, facts)) return err({ reason: 'changed' });
  const [, from, to, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  if (size !== undefined && Number(size) !== facts.size) return err({ reason: 'changed' });
  return Number(from) === start && Number(to) === end ? ok(0) : err({ reason: 'wrong-range' });
}

/** Compares the entity tags if both sides have one, otherwise the dates if both sides have one. */
function isSameFile(response: Response, facts: UpstreamFacts): boolean {
  const tag = strongTag(response.headers.get('etag'));
  if (facts.upstreamTag !== undefined && tag !== undefined) return tag === facts.upstreamTag;
  const date = parseHttpDate(response.headers.get('last-modified') ?? '', 0);
  return date === undefined || facts.lastModified === undefined || date === facts.lastModified;
}

function readFacts(headers: Headers, now: number): Result<UpstreamFacts, UpstreamFault> {
  const encoded = encodingFault(headers);
  if (encoded !== undefined) return err(encoded);
  const length = headers.get('content-length') ?? '';
  if (!/^\d{1,15}$/.test(length)) return err({ reason: 'no-length' });
  const size = Number(length);
  const upstreamTag = strongTag(headers.get('etag'));
  const lastModified = parseHttpDate(headers.get('last-modified') ?? '', now);
  // The size alone makes no tag: two different files can have the same length.
  const etag = upstreamTag ?? (lastModified === undefined ? undefined : serverTag(lastModified, size));
  return ok({ size, etag, lastModified, upstreamTag });
}

/** The runtime decodes a content coding by itself; then neither size nor ranges nor signature would match the bytes. */
function encodingFault(headers: Headers): UpstreamFault | undefined {
  const encoding = headers.get('content-encoding');
  return encoding === null || encoding === 'identity' ? undefined : { reason: 'encoded', encoding };
}

/** False when `a` and `b` describe different files: they differ in size, in the tag, or (without tags) in the date. */
export function isSameFacts(a: UpstreamFacts, b: UpstreamFacts): boolean {
  if (a.size !== b.size) return false;
  if (a.upstreamTag !== undefined && b.upstreamTag !== undefined) return a.upstreamTag === b.upstreamTag;
  return a.lastModified === undefined || b.lastModified === undefined || a.lastModified === b.lastModified;
}

function statusFault(status: number): UpstreamFault {
  return status === 404 || status === 410 ? { reason: 'absent' } : { reason: 'unexpected-status', status };
}
