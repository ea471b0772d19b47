/** Parsers of what clients send: paths, ranges, preconditions, dates, Accept. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { makeCatalogue } from '../../src/releases/catalogue.ts';
import { isAlias, isVersion } from '../../src/releases/model.ts';
import { channelOfHost, parseReleasePath, rawPath } from '../../src/releases/path.ts';
import { prefersJson } from '../../src/releases/serve/listing.ts';
import { evaluatePreconditions, rangeApplies } from '../../src/shared/http/conditional.ts';
import { formatHttpDate, parseHttpDate } from '../../src/shared/http/date.ts';
import { parseEntityTag, parseEntityTagList } from '../../src/shared/http/entity-tag.ts';
import { oneSlash } from '../../src/shared/http/one-slash.ts';
import { decideRange } from '../../src/shared/http/range.ts';
import { redactPath } from '../../src/shared/redact-path.ts';
import { type Fuzzed, fuzzed, nearText } from './near-text.ts';

const CATALOGUE = makeCatalogue(['stable', 'lts'], ['amd64-usr', 'arm64-usr'], []);
const PATH_WORDS = [
  '/',
  '/',
  'stable',
  'lts',
  'amd64-usr',
  'current',
  'current-2022',
  '1.2.3',
  '.',
  '..',
  '%2e',
  '%2f',
  'version.txt',
  '?',
  '#',
  '\\',
];
const NOW = Date.UTC(2026, 10, 25);
const size = fc.oneof(fc.nat(5), fc.nat(2 ** 31), fc.constant(0), fc.maxSafeNat());
const moment = fc
  .integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2060, 0, 1) })
  .map((at) => Math.floor(at / 1000) * 1000);
/** What a header may hold (RFC 9110 section 5.5). */
const headerSafe = (text: string) => text.replace(/[^\t\x20-\x7e]/g, '').trim();

const etag = fc.stringMatching(/^[!#-~]{0,8}$/).map((inner) => `"${inner}"`);

export const httpProperties: readonly Fuzzed[] = [
  fuzzed('path', nearText(PATH_WORDS, 10), (text) => {
    const parsed = parseReleasePath(text, CATALOGUE);
    if (parsed === undefined) return;
    expect(CATALOGUE.channels).toContain(parsed.channel);
    if (parsed.board !== undefined) expect(CATALOGUE.boards).toContain(parsed.board);
    if (parsed.version !== undefined) expect(isVersion(parsed.version) || isAlias(parsed.version)).toBe(true);
    const named = [parsed.channel, parsed.board, parsed.version, parsed.kind === 'file' ? parsed.file : undefined];
    const plain = `/${named.filter((part) => part !== undefined).join('/')}`;
    expect(plain).not.toMatch(/\.\.|%|\/\/|[\s\\?#]/);
    // What was named is what was written, but for `.` segments and the last slash.
    expect(
      text
        .split('/')
        .filter((part) => part !== '.')
        .join('/')
        .replace(/\/$/, ''),
    ).toBe(plain);
  }),
  fuzzed('path of a URL', nearText([...PATH_WORDS, 'https://', 'host', ':80', '@'], 10), (text) => {
    const path = rawPath(`https://edge.test/${text}`);
    expect(path.startsWith('/')).toBe(true);
    expect(path).not.toMatch(/[?#]/);
    expect(oneSlash(`//edge.test/${text}`)).toContain(path);
    expect(path).not.toContain('//');
    expect(redactPath(`/boot/secret/${path}`)).not.toContain('secret');
    channelOfHost(text, CATALOGUE, 'release.example');
  }),
  fuzzed(
    'Range',
    fc.tuple(nearText(['bytes', '=', '-', ',', ' ', '0', '9007199254740993'], 8), size),
    ([header, length]) => {
      const decision = decideRange(header, length);
      if (decision.kind === 'part') {
        expect(decision.start).toBeGreaterThanOrEqual(0);
        expect(decision.end).toBeLessThan(length);
        expect(decision.start).toBeLessThanOrEqual(decision.end);
      }
      if (decision.kind === 'unsatisfiable') expect(header).toMatch(/^\s*bytes=/i);
    },
  ),
  fuzzed(
    'Range, against a model',
    fc.tuple(fc.option(fc.nat(40)), fc.option(fc.nat(40)), fc.nat(30)),
    ([first, last, length]) => {
      const decision = decideRange(`bytes=${first ?? ''}-${last ?? ''}`, length);
      const all = Array.from({ length }, (_, index) => index);
      const wanted =
        first === null
          ? all.slice(length - Math.min(last ?? 0, length))
          : all.slice(first, last === null ? undefined : last + 1);
      if (first === null && last === null) expect(decision.kind).toBe('whole');
      else if (first !== null && last !== null && last < first) expect(decision.kind).toBe('whole');
      else if (first === null && last !== 0 && length === 0) expect(decision.kind).toBe('whole');
      else if (wanted.length === 0) expect(decision.kind).toBe('unsatisfiable');
      else expect(decision).toEqual({ kind: 'part', start: wanted[0], end: wanted.at(-1) });
    },
  ),
  fuzzed('entity tags', fc.array(fc.tuple(fc.boolean(), etag), { minLength: 1, maxLength: 4 }), (tags) => {
    const written = tags.map(([weak, opaque]) => `${weak ? 'W/' : ''}${opaque}`).join(' ,, ');
    const read = parseEntityTagList(written);
    expect(read).toEqual(tags.map(([weak, opaque]) => ({ weak, opaque })));
  }),
  fuzzed(
    'conditionals',
    fc.tuple(
      nearText(['W/', '"', '"a"', '"b"', '*', ',', ' ', 'Sun, 06 Nov 1994 08:49:37 GMT', 'GMT']),
      nearText(['"a"', 'W/"a"', '*']),
      moment,
    ),
    ([text, other, lastModified]) => {
      const current = { etag: '"a"', lastModified };
      const headers = new Headers({
        'if-none-match': headerSafe(text),
        'if-match': headerSafe(other),
        'if-range': headerSafe(text),
      });
      expect(['proceed', 'not-modified', 'failed']).toContain(evaluatePreconditions(headers, current, NOW));
      // A tag that is ours is the only text that lets a range count, besides our very date.
      if (rangeApplies(headers, current, NOW) && headerSafe(text) !== '') {
        const isTag = headerSafe(text) === '"a"';
        expect(isTag || parseHttpDate(headerSafe(text), NOW) === lastModified).toBe(true);
      }
      const tag = parseEntityTag(text);
      if (tag !== undefined) expect(`${tag.weak ? 'W/' : ''}${tag.opaque}`).toBe(text.trim());
    },
  ),
  fuzzed('dates', moment, (at) => {
    expect(parseHttpDate(formatHttpDate(at), NOW)).toBe(at);
  }),
  fuzzed(
    'dates that are none',
    nearText(['Sun, ', '06', ' Nov ', '1994 ', '08:49:37', ' GMT', 'Sunday, ', '06-Nov-94 ', ' ', '-', ':']),
    (text) => {
      const at = parseHttpDate(text, NOW);
      if (at !== undefined) expect(Number.isInteger(at) && formatHttpDate(at).endsWith('GMT')).toBe(true);
    },
  ),
  fuzzed(
    'Accept',
    nearText(['application/json', 'text/html', 'text/*', '*/*', ',', ';', 'q=', '0', '1', '.5', ' ']),
    (text) => {
      const asksForJson = prefersJson(text);
      if (asksForJson) expect(text.toLowerCase()).toContain('application/json');
      // A type that is asked for with no weight is not asked for.
      expect(prefersJson('application/json;q=0')).toBe(false);
    },
  ),
];
