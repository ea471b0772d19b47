/** The public page, made of an overview: what it says, what it leaves out, and that nothing of a stranger becomes markup. */
import { describe, expect, it } from 'vitest';
import { consolePage } from '../../src/pages/console-page.ts';
import { commandsFor } from '../../src/pages/home/commands.ts';
import { homePage } from '../../src/pages/home/home-page.ts';
import type { Overview, StreamOverview } from '../../src/pages/home/overview.ts';
import { platformsFor } from '../../src/pages/home/platforms.ts';
import type { Alias } from '../../src/releases/model.ts';
import { FILE_SETS } from '../../src/releases/sets.ts';

const ORIGIN = 'https://edge.example';
const stream: StreamOverview = {
  ...{ channel: 'stable', board: 'amd64-usr', alias: 'current' as Alias, version: '4593.2.5' },
  ...{ since: '2026-08-13T15:48:35Z', source: 'mirror', isPinned: false, upstream: { kind: 'fresh' }, others: [] },
  files: [
    {
      ...{ name: 'image.bz2', size: 1_572_864, sha512: 'ab'.repeat(64), signedBy: 'C'.repeat(40) },
      ...{ signedAt: '2026-08-12T00:00:00Z', verifiedAt: '2026-08-13T15:00:00Z' },
    },
  ],
};
const overview: Overview = {
  ...{ streams: [stream], at: '2026-08-14T10:00:00Z', isPartial: false, refused: [] },
  key: { fingerprint: 'F'.repeat(40), expires: '2027-01-01T00:00:00Z', daysLeft: 140, warning: undefined },
};
const page = async (changes: Partial<Overview> = {}) => String(await homePage({ ...overview, ...changes }, ORIGIN));
const text = async (changes: Partial<Overview> = {}) =>
  (await page(changes))
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ ([.,:])/g, '$1');
const upstreamOnly: StreamOverview = { ...stream, source: 'upstream', files: [] };
const unknown: StreamOverview = { ...upstreamOnly, version: undefined, since: undefined };

describe('the page', () => {
  it('says what is current, which files were verified, and by which key', async () => {
    const said = await text();
    expect(said).toContain('4593.2.5 since 2026-08-13 15:48 UTC mirrored, verified upstream fresh');
    expect(said).toContain('1 verified files image.bz2 1.5 MiB (1572864 bytes)');
    expect(said).toContain(`${'F'.repeat(40)} expires 2027-01-01 00:00 UTC, in 140 days`);
    expect(said).toContain('As of 2026-08-14 10:00 UTC.');
    expect(said).not.toContain('incomplete');
    const links = [...(await page()).matchAll(/href="([^"]+)"/g)].map((match) => match[1]);
    expect(links).toEqual(
      expect.arrayContaining([
        '/stable/amd64-usr/current/version.txt',
        '/stable/amd64-usr/4593.2.5/image.bz2',
        '/stable/amd64-usr/4593.2.5/image.bz2.sig',
      ]),
    );
  });

  it.each<[string, Partial<Overview>, string]>([
    ['a store that did not answer', { isPartial: true }, 'incomplete Our store did not answer'],
    ['no key', { key: undefined }, 'no key There is no usable signing key'],
    ['nothing mirrored', { streams: [upstreamOnly] }, 'Nothing is mirrored here yet'],
    ['a pin', { streams: [{ ...stream, isPinned: true }] }, 'pinned'],
    ['no version', { streams: [unknown] }, 'not known'],
    [
      'a channel that upstream does not have',
      {
        streams: [{ ...unknown, upstream: { kind: 'stale', reason: 'absent', since: undefined } }],
      },
      'Upstream has none of',
    ],
    [
      'an upstream that was not asked',
      { streams: [{ ...stream, upstream: { kind: 'unknown' } }] },
      'upstream not asked yet',
    ],
    [
      'a stale upstream',
      { streams: [{ ...stream, upstream: { kind: 'stale', reason: 'timeout', since: '2026-08-14T09:00:00Z' } }] },
      'upstream stale since 2026-08-14 09:00 UTC: timeout',
    ],
  ])('tells of %s', async (_name, changes, sentence) => {
    expect(await text(changes)).toContain(sentence);
    expect(await text()).not.toContain(sentence);
  });

  it('makes no markup of a name', async () => {
    const odd = '<img src=x onerror=alert(1)>"';
    const streams = [
      { ...stream, version: odd, others: [odd], files: stream.files.map((file) => ({ ...file, name: odd })) },
    ];
    const key = { fingerprint: odd, expires: odd, daysLeft: 1, warning: odd };
    expect(await page({ streams, key })).not.toMatch(/<img/);
  });

  it('carries no script and no style inside, and nothing of another host', async () => {
    for (const made of [await page(), String(await consolePage())]) {
      expect(made).not.toMatch(/<style|<script(?![^>]* src="\/)|\son\w+=|style="|javascript:/i);
      expect(made).not.toMatch(/(src|href)="(https?:)?\/\//);
    }
  });
});

describe('the lines to paste', () => {
  const commands = commandsFor(ORIGIN, { channel: 'lts', board: 'arm64-usr', alias: 'current-2024' });
  it('are of the stream that was asked for, on this host', () => {
    const urls = commands.flatMap(({ lines }) => lines.join(' ').match(/https:\/\/[^\s]+/g) ?? []);
    expect(urls.length).toBeGreaterThan(6);
    for (const url of urls.filter((each) => !each.startsWith('https://example.org/')))
      expect(url).toMatch(/^https:\/\/edge\.example\/(lts\/arm64-usr(\/current-2024(\/|$)|$)|keys\/signing-key\.asc$)/);
  });
  it('name the number where a download can be resumed: an alias may move meanwhile', () => {
    const numbered = commandsFor(ORIGIN, { channel: 'lts', board: 'arm64-usr', alias: 'current', version: '4081.3.6' });
    const resumed = numbered.flatMap(({ lines }) => lines).filter((line) => / -c |-C -/.test(line));
    expect(resumed.length).toBeGreaterThan(1);
    for (const line of resumed) expect(line).toContain('/4081.3.6/');
  });
  it('stand on the page as they are typed', async () => {
    const shown = commandsFor(ORIGIN, stream).flatMap(({ lines }) => lines);
    const made = (await page()).replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&gt;', '>');
    for (const line of shown) expect(made).toContain(line);
  });
});

describe('the platforms', () => {
  const release = { channel: 'stable', board: 'amd64-usr', version: '4593.2.5' } as const;

  it('take files that a release has, by its number, from this service alone', () => {
    const known: readonly string[] = Object.values(FILE_SETS).flat();
    for (const { name, files, lines } of platformsFor(ORIGIN, release)) {
      for (const file of files) expect(known, name).toContain(file);
      const urls = lines.join(' ').match(/https?:\/\/[^\s]+/g) ?? [];
      expect(urls.length, name).toBeGreaterThan(0);
      for (const url of urls) expect(url, name).toMatch(`${ORIGIN}/stable/amd64-usr/4593.2.5/`);
    }
  });

  it('of another board have no lines for the wrong processor', () => {
    const names = (board: string) => platformsFor(ORIGIN, { ...release, board }).map(({ name }) => name);
    expect(names('amd64-usr')).toContain('QEMU');
    expect(names('arm64-usr')).not.toContain('QEMU');
  });
});
