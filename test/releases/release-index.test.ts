import { expect, it } from 'vitest';
import { parseIndex, publicIndex } from '../../src/releases/store/release-index.ts';

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
