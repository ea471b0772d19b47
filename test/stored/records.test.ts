/**
 * Records that released versions of this software have stored, one of every kind (`test/stored/VERSION/NAME.json`). They are never
 * edited: this version must read them, and must write back what a later version put into them (docs/storage.md).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseMachine, parseProfile, parseSealed } from '../../src/machines/records/model.ts';

import { parseJob, parseFileStatus, parseUpload } from '../../src/mirror/store/job.ts';
import { parseNotes } from '../../src/mirror/store/notes.ts';
import { parseCounts } from '../../src/observability/bucket.ts';
import type { Version } from '../../src/releases/model.ts';
import { parseAlias, raiseFloor, withdrawn } from '../../src/releases/store/alias.ts';
import { parseManifest } from '../../src/releases/store/manifest.ts';
import {
  parseIndex,
  parsePublicIndex,
  withoutReleases,
  withRelease,
} from '../../src/releases/store/release-index.ts';
import { parseVerdict } from '../../src/releases/store/verdict.ts';
import type { Result } from '../../src/shared/result.ts';
import { readKeyring } from '../../src/signing/keyring.ts';

interface StoredRecord {
  readonly kind: string;
  readonly store: 'r2' | 'kv';
  readonly key: string;
  readonly text?: string;
  readonly base64?: string;
  readonly customMetadata?: Readonly<Record<string, string>>;
  readonly metadata?: { readonly etag?: string };
}

const folder = import.meta.dirname;
const versions = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const records = versions.flatMap(({ name: version }) =>
  readdirSync(join(folder, version))
    .filter((name) => name.endsWith('.json') && name !== 'answers.json')
    .map((name) => {
      const record = JSON.parse(readFileSync(join(folder, version, name), 'utf8')) as StoredRecord;
      return [`${version} ${name}`, record] as const;
    }),
);

/** How each kind of record is read; `null`: bytes and marks without a text of their own. */
const READERS: Readonly<Record<string, ((text: string) => Result<unknown, unknown>) | null>> = {
  alias: parseAlias,
  manifest: parseManifest,
  index: parseIndex,
  'public-index': parsePublicIndex,
  job: parseJob,
  'file-status': parseFileStatus,
  upload: parseUpload,
  notes: parseNotes,
  verdict: parseVerdict,
  machine: parseMachine,
  'machine-copy': parseMachine,
  profile: parseProfile,
  'profile-copy': parseProfile,
  rendering: parseSealed,
  counters: parseCounts,
  keyring: null,
  file: null,
  'last-good': null,
  use: null,
  boot: null,
};

/** Written anew as a whole from other records, never from itself. */
const REBUILT = new Set(['public-index', 'counters']);
/** Objects whose members are named by data: a strange member there would be another entry, not a later field. */
const MAPS = new Set(['files', 'entries', 'upstream']);

/** The same JSON with a field in every object that this version does not know. */
function withLaterFields(value: unknown, isMap = false): unknown {
  if (Array.isArray(value)) return value.map((member) => withLaterFields(member));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, withLaterFields(member, MAPS.has(name))]);
  return { ...Object.fromEntries(members), ...(isMap ? {} : { addedLater: { by: 'a later version' } }) };
}

const parsed = <T>(result: Result<T, unknown>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
};

describe.each(records)('%s', (_name, { kind, text }) => {
  it('is of a kind that this version knows, and is read', async () => {
    const read = READERS[kind];
    expect(read).not.toBeUndefined();
    if (kind === 'keyring') expect((await readKeyring(new TextEncoder().encode(text))).ok).toBe(true);
    if (read !== null && read !== undefined) expect(read(text ?? '')).toMatchObject({ ok: true });
  });

  const read = READERS[kind];
  if (read === null || read === undefined) return;

  it('loses nothing when it is written again', () => {
    expect(JSON.parse(JSON.stringify(parsed(read(text ?? ''))))).toMatchObject(JSON.parse(text ?? ''));
  });

  if (REBUILT.has(kind)) return;
  it('keeps what a later version has put into it', () => {
    const later = withLaterFields(JSON.parse(text ?? ''));
    expect(JSON.parse(JSON.stringify(parsed(read(JSON.stringify(later)))))).toMatchObject(later as object);
  });
});

it('there is a record of every kind', () => {
  expect(new Set(records.map(([, { kind }]) => kind))).toEqual(new Set(Object.keys(READERS)));
});

describe('a change keeps what a later version has put there', () => {
  const textOf = (name: string) => records.find(([title]) => title.endsWith(` ${name}.json`))?.[1].text ?? '';
  const later = { addedLater: { by: 'a later version' } };
  const laterText = (name: string) => JSON.stringify(withLaterFields(JSON.parse(textOf(name))));

  it('of an alias: a floor that rises, a release that goes', () => {
    const record = parsed(parseAlias(laterText('alias-published')));
    const now = '2026-11-26T00:00:00.000Z';
    expect(raiseFloor(record, '9999.2.0' as Version, now)).toMatchObject(later);
    const gone = record.version as Version;
    expect(withdrawn(record, gone, { version: null, floor: null }, now)).toMatchObject(later);
  });

  it('of an index: a release that comes, one that goes', () => {
    const index = parsed(parseIndex(laterText('index-with-left')));
    const manifest = parsed(parseManifest(textOf('manifest-published')));
    expect(withRelease(index, manifest)).toMatchObject(later);
    expect(withoutReleases(index, [manifest.version], '2026-11-26T00:00:00.000Z')).toMatchObject(later);
  });
});
