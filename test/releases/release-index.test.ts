import { expect, it } from 'vitest';
import type { Version } from '../../src/releases/model.ts';
import { parseIndex, publicIndex, withRelease } from '../../src/releases/store/release-index.ts';

it('publishes of a stored index only what releases.json is said to hold', () => {
  const at = '2026-08-13T16:00:00.000Z';
  const later = { fromTomorrow: 'secret of tomorrow' };
  const file = { size: 5, sha512: 'a'.repeat(128), signedBy: 'B'.repeat(40), verifiedAt: at };
  const stored = {
    releases: [{ version: '4593.2.5', publishedAt: at, files: { 'version.txt': { ...file, ...later } }, ...later }],
    left: [],
    ...later,
  };
  const index = parseIndex(JSON.stringify(stored));
  if (!index.ok) throw new Error(index.error.detail);
  expect(publicIndex([{ channel: 'stable', board: 'amd64-usr', index: index.value }], at)).toEqual({
    updatedAt: at,
    channels: { stable: { 'amd64-usr': { '4593.2.5': { publishedAt: at, files: { 'version.txt': file } } } } },
  });
});

it('keeps what a later version has stored of a release that is listed again', () => {
  const at = '2026-08-13T16:00:00.000Z';
  const file = { size: 5, sha512: 'a'.repeat(128), verifiedAt: at };
  const release = { version: '4593.2.5', publishedAt: at, files: { 'version.txt': { ...file, later: 1 } }, later: 2 };
  const index = parseIndex(JSON.stringify({ releases: [release], left: [], later: 3 }));
  if (!index.ok) throw new Error(index.error.detail);
  const manifest = {
    ...{ channel: 'stable', board: 'amd64-usr', version: '4593.2.5' as Version, publishedAt: at },
    files: { 'version.txt': { ...file, key: 'k', etag: 'e' }, 'late.bin': { ...file, key: 'l', etag: 'f' } },
  };
  expect(withRelease(index.value, manifest)).toEqual({
    releases: [{ ...release, files: { ...release.files, 'late.bin': file } }],
    left: [],
    later: 3,
  });
});
