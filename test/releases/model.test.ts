import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isMirrored,
  makeCatalogue,
  mirroredAliases,
  mirroredPairs,
  parseStream,
  serves,
  streamEntry,
} from '../../src/releases/catalogue.ts';
import { companionsOf, isCompanion, isMade } from '../../src/releases/companions.ts';
import {
  type Alias,
  compareVersions,
  fitsChannel,
  isAlias,
  isVersion,
  type Version,
} from '../../src/releases/model.ts';
import { channelOfHost, parseReleasePath, rawPath } from '../../src/releases/path.ts';
import { aliasMeaning, NO_ALIAS, parseAlias, raiseFloor } from '../../src/releases/store/alias.ts';
import { parseVersionTxt } from '../../src/releases/upstream/version-txt.ts';
import { versionTxt } from '../../tools/release-server/release.ts';

const catalogue = makeCatalogue(['stable', 'lts'], ['amd64-usr'], []);
const SUFFIX = 'release.example.org';
const v = (text: string) => text as Version;
const bytes = (text: string) => new TextEncoder().encode(text);

describe('versions', () => {
  it.each(['4593.2.5', '1.0.0', '0.0.0', '723.1.0', '999999.9999.9999'])('%s is one', (text) =>
    expect(isVersion(text)).toBe(true),
  );
  it.each([
    '4593.2',
    '4593.2.5.1',
    '4593.2.5 ',
    '4799.0.0+nightly',
    'v1.2.3',
    '1234567.0.0',
    '1.2.12345',
    '04593.2.5',
    '4593.02.5',
    '4593.2.05',
    '00.0.0',
    'current',
    '',
  ])('%j is none', (text) => expect(isVersion(text)).toBe(false));
  it('aliases are current and current-YYYY', () => {
    expect(['current', 'current-2024', 'current-24', 'Current', 'current-2024x'].map(isAlias)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
  it('compare as numbers', () => {
    expect(compareVersions(v('9.0.0'), v('10.0.0'))).toBeLessThan(0);
    expect(compareVersions(v('4593.2.10'), v('4593.2.9'))).toBeGreaterThan(0);
    expect(compareVersions(v('4593.2.5'), v('4593.2.5'))).toBe(0);
  });
  it.each([
    ['alpha', '4790.0.0', true],
    ['beta', '4757.1.0', true],
    ['stable', '4593.2.5', true],
    ['lts', '4081.3.10', true],
    ['edge', '2466.99.0', true],
    ['stable', '4790.0.0', false],
    ['alpha', '4593.2.5', false],
    ['mine', '4593.7.5', true],
    ['constructor', '1.1.1', true],
  ])('%s %s: %s', (channel, version, fits) => expect(fitsChannel(channel, v(version))).toBe(fits));
  it('companions are told by their ending', () => {
    expect(['a.sig', 'a.DIGESTS', 'a.DIGESTS.asc', 'a.DIGESTS.sig', 'a.asc', 'version.txt'].map(isCompanion)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('paths', () => {
  it.each([
    ['/stable/amd64-usr/4593.2.5/version.txt', { kind: 'file', version: '4593.2.5', file: 'version.txt' }],
    ['/./stable/./amd64-usr/./current/./version.txt', { kind: 'file', version: 'current' }],
    ['/lts/amd64-usr/current-2024/a', { kind: 'file', version: 'current-2024' }],
    ['/stable', { kind: 'directory', slashed: false }],
    ['/stable/', { kind: 'directory', slashed: true }],
    ['/stable/amd64-usr/', { kind: 'directory', board: 'amd64-usr', slashed: true }],
    ['/stable/amd64-usr/current', { kind: 'directory', version: 'current', slashed: false }],
  ])('%s', (path, expected) => expect(parseReleasePath(path, catalogue)).toMatchObject(expected));

  it.each([
    '/',
    '',
    'stable',
    '/stable/amd64-usr/current/..',
    '/stable/../stable/',
    '/stable/amd64-usr/current/a%62',
    '/stable//amd64-usr/',
    '/stable/amd64-usr/current/a/b',
    '/stable/amd64-usr/current/a/',
    '/STABLE/',
    '/stable/amd64-usr/Latest/a',
    '/stable/amd64-usr/current/.hidden',
    `/stable/amd64-usr/current/${'a'.repeat(300)}`,
    '/stable/amd64-usr/current/a b',
    '/stable/amd64-usr/current/a\u0000',
    '/__proto__/',
  ])('%j is no release path', (path) => expect(parseReleasePath(path, catalogue)).toBeUndefined());

  it('are read as the client wrote them', () => {
    expect(rawPath('http://h/a/../b?c#d')).toBe('/a/../b');
    expect(rawPath('http://h/a%2e%2e/?x=/../')).toBe('/a%2e%2e/');
    expect(rawPath('http://h')).toBe('/');
    expect(rawPath('https://h:1/a#b?c')).toBe('/a');
    expect(rawPath('https://h//a///b//?c=//')).toBe('/a/b/');
  });

  it('may take their channel from the host', () => {
    expect(channelOfHost('stable.release.example.org', catalogue, SUFFIX)).toBe('stable');
    expect(channelOfHost('STABLE.release.example.org', catalogue, SUFFIX)).toBe('stable');
    expect(channelOfHost('other.release.example.org', catalogue, SUFFIX)).toBeUndefined();
    expect(channelOfHost('stable.release.example.org.evil.example', catalogue, SUFFIX)).toBeUndefined();
    expect(channelOfHost('stable.x', catalogue, '')).toBeUndefined();
  });

  it('never throw, and never name a file outside the grammar', () => {
    const odd = fc.array(
      fc.constantFrom('/', '.', '..', '%', '2e', '\\', '\0', 'stable', 'amd64-usr', 'current', 'a.b', ' ', 'é'),
      { maxLength: 14 },
    );
    fc.assert(
      fc.property(odd, (parts) => {
        const path = parseReleasePath(`/${parts.join('')}`, catalogue);
        if (path?.kind === 'file') expect(path.file).toMatch(/^\w[\w.+-]*$/);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('version.txt', () => {
  it('as build_image writes it', () => {
    expect(parseVersionTxt(bytes(versionTxt('4593.2.5', '2026-08-11-2350')), 'stable')).toEqual({
      ok: true,
      value: { version: '4593.2.5', buildId: '2026-08-11-2350' },
    });
  });
  it.each([
    ['COREOS_VERSION=723.2.0\n', { ok: true, value: { version: '723.2.0' } }],
    ["  x\nFLATCAR_VERSION='4593.2.5'\nUNKNOWN=1\n", { ok: true }],
    ['FLATCAR_VERSION=4593.2.5\r\n', { error: { reason: 'carriage-return' } }],
    ['FLATCAR_VERSION=4799.0.0+nightly-20260821-2100\n', { error: { reason: 'no-version' } }],
    ['', { error: { reason: 'no-version' } }],
    ['FLATCAR_VERSION=4790.0.0\n', { error: { reason: 'wrong-channel', version: '4790.0.0' } }],
    ['FLATCAR_VERSION=4593.2.4\nFLATCAR_VERSION=4593.2.5\n', { ok: true, value: { version: '4593.2.4' } }],
  ])('%j', (text, expected) => expect(parseVersionTxt(bytes(text), 'stable')).toMatchObject(expected));
  it('must say the number of its path', () => {
    const text = bytes('FLATCAR_VERSION=4593.2.4\n');
    expect(parseVersionTxt(text, 'stable', v('4593.2.5'))).toMatchObject({ error: { reason: 'wrong-version' } });
  });
});

describe('what an alias means', () => {
  const NOW = '2026-11-26T00:00:00.000Z';
  const record = {
    version: v('4593.2.5'),
    floor: v('4593.2.5'),
    floors: [],
    named: [],
    holds: [],
    lifted: [],
    pin: null,
  };
  it('the pin first, then our publication of a mirrored stream, then upstream from the floor up', () => {
    expect(aliasMeaning({ ...record, pin: v('4593.2.1') }, true)).toEqual({
      kind: 'release',
      version: '4593.2.1',
      pinned: true,
    });
    expect(aliasMeaning(record, true)).toEqual({ kind: 'release', version: '4593.2.5', pinned: false });
    expect(aliasMeaning(record, false)).toEqual({ kind: 'upstream', floor: '4593.2.5' });
    expect(aliasMeaning(NO_ALIAS, true)).toEqual({ kind: 'upstream', floor: null });
  });
  it('the floor only rises', () => {
    expect(raiseFloor(record, v('4593.2.4'), NOW)).toBe(record);
    expect(raiseFloor(record, v('4593.2.6'), NOW).floor).toBe('4593.2.6');
    expect(raiseFloor(NO_ALIAS, v('1.2.3'), NOW).floor).toBe('1.2.3');
  });
  it('a record that is not one is an error', () => {
    for (const text of ['', '[]', '{"floor":"new"}', '{"pin":4}']) expect(parseAlias(text).ok).toBe(false);
    expect(parseAlias('{}')).toEqual({ ok: true, value: NO_ALIAS });
  });
});

describe('the catalogue', () => {
  const streams = ['stable/amd64-usr', 'lts/amd64-usr/current-2024'].flatMap((entry) => {
    const stream = parseStream(entry);
    return stream.ok ? [stream.value] : [];
  });
  const mirroring = makeCatalogue(['stable', 'lts'], ['amd64-usr', 'arm64-usr'], streams);
  const lts = { channel: 'lts', board: 'amd64-usr' };
  const stable = { channel: 'stable', board: 'amd64-usr' };

  it('channel/board in MIRROR means current', () => {
    expect(isMirrored(mirroring, lts, 'current' as Alias)).toBe(false);
    expect(isMirrored(mirroring, lts, 'current-2024' as Alias)).toBe(true);
    expect(isMirrored(mirroring, stable, 'current' as Alias)).toBe(true);
    expect(mirroredAliases(mirroring, { ...stable, board: 'arm64-usr' })).toEqual([]);
    expect(mirroredPairs(mirroring, 'lts')).toEqual([lts]);
  });
  it('an entry is written as it was read', () => {
    expect(streams.map(streamEntry)).toEqual(['stable/amd64-usr', 'lts/amd64-usr/current-2024']);
  });
  it.each(['stable', 'stable/amd64-usr/4593.2.5', 'a/b/current/c', 'a//current', '/b', 'A/b', 'a/b/', ''])(
    '%j is no entry of MIRROR',
    (entry) => expect(parseStream(entry).ok).toBe(false),
  );
  it('has every channel with every board', () => {
    expect(mirroring.pairs).toHaveLength(4);
    expect(serves(mirroring, { channel: 'lts', board: 'arm64-usr' })).toBe(true);
    expect(serves(mirroring, { channel: 'beta', board: 'arm64-usr' })).toBe(false);
  });
});

describe('companions', () => {
  it('are told by their endings', () => {
    for (const name of companionsOf('image.bin.bz2')) expect(isCompanion(name) || isMade(name), name).toBe(true);
    expect(companionsOf('update/x.gz')).toEqual(
      ['sha256', 'provenance.json', 'sigstore.json'].map((end) => `update/x.gz.${end}`),
    );
    expect(['a.sha256', 'update/a.sha256', 'SHA256SUMS', 'update/SHA512SUMS', 'a.sha512', 'a'].map(isMade)).toEqual([
      true,
      false,
      true,
      true,
      true,
      false,
    ]);
    for (const name of ['image.bin.bz2', 'version.txt', 'image.asc', 'DIGESTS', 'sig'])
      expect(isCompanion(name), name).toBe(false);
  });
});
