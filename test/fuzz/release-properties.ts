/** Parsers of what upstream and our own store hold: version.txt, DIGESTS, signatures, stored objects. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { parseMachine, parseProfile } from '../../src/machines/records/model.ts';
import { parseDigests } from '../../src/mirror/copy/digests.ts';
import { parseFileStatus, parseJob, parseUpload } from '../../src/mirror/store/job.ts';
import { parseNotes } from '../../src/mirror/store/notes.ts';
import { compareVersions, isVersion, type Version } from '../../src/releases/model.ts';
import { parseAlias } from '../../src/releases/store/alias.ts';
import { parseManifest } from '../../src/releases/store/manifest.ts';
import { parseIndex } from '../../src/releases/store/release-index.ts';
import { parseVerdict } from '../../src/releases/store/verdict.ts';
import { parseVersionTxt } from '../../src/releases/upstream/version-txt.ts';
import { readDetachedSignature } from '../../src/signing/detached-signature.ts';
import { readKeyring } from '../../src/signing/keyring.ts';
import { requireOneSignaturePacket } from '../../src/signing/signature-packet.ts';
import { type Fuzzed, fuzzed, mutated, nearText } from './near-text.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const version = fc.tuple(fc.nat(999_999), fc.nat(3), fc.nat(99)).map((parts) => parts.join('.') as Version);
const MOMENT = '2026-08-13T16:00:00.000Z';
const HEX = 'a'.repeat(128);

const versionTxt = fc
  .tuple(version, fc.constantFrom('FLATCAR', 'COREOS'), fc.constantFrom('"', "'", ''))
  .map(([number, prefix, quote]) =>
    [
      `${prefix}_BUILD=${number.split('.')[0]}`,
      `${prefix}_VERSION=${quote}${number}${quote}`,
      `${prefix}_BUILD_ID="2026-08-11-2350"`,
      '',
    ].join('\n'),
  );

const STORED: readonly (readonly [name: string, example: object, parse: (text: string) => { ok: boolean }])[] = [
  ['alias', { version: '1.2.3', floor: '1.2.3', pin: null, since: MOMENT }, parseAlias],
  ['verdict', { etag: '"a"', size: 5, signature: 'x', good: false, reason: 'bad-signature', at: MOMENT }, parseVerdict],
  [
    'manifest',
    {
      channel: 'stable',
      board: 'amd64-usr',
      version: '1.2.3',
      publishedAt: MOMENT,
      files: { f: { key: 'k', etag: 'e', size: 1, sha512: HEX, verifiedAt: MOMENT } },
    },
    parseManifest,
  ],
  [
    'index',
    {
      releases: [{ version: '1.2.3', publishedAt: MOMENT, files: { f: { size: 1, sha512: HEX, verifiedAt: MOMENT } } }],
      left: [],
    },
    parseIndex,
  ],
  [
    'job',
    {
      channel: 'stable',
      board: 'amd64-usr',
      version: '1.2.3',
      attempt: 1,
      state: 'queued',
      trigger: 'poll',
      movesAlias: true,
      wanted: [],
      queuedAt: MOMENT,
      heartbeatAt: MOMENT,
    },
    parseJob,
  ],
  ['job file', { name: 'f', attempt: 1, state: 'copying', bytes: 0, size: 1, heartbeatAt: MOMENT }, parseFileStatus],
  ['upload', { key: 'k', id: 'i' }, parseUpload],
  ['notes', { distrusted: [], upstream: {} }, parseNotes],
  [
    'machine',
    {
      id: 'vm',
      profile: null,
      kind: 'none',
      source: null,
      generation: 1,
      epoch: 'e',
      nonce: 'n',
      expiry: 0,
      channel: 'c',
      board: 'b',
      version: 'v',
      createdAt: MOMENT,
      updatedAt: MOMENT,
      deletedAt: null,
      userData: null,
      sourceText: null,
    },
    parseMachine,
  ],
  [
    'profile',
    {
      name: 'p',
      engine: 'ignition',
      generation: 1,
      createdAt: MOMENT,
      updatedAt: MOMENT,
      deletedAt: null,
      base: null,
      default: null,
    },
    parseProfile,
  ],
];

/** A number where a number was, a text where a text was: damaged within the shape of JSON. */
const damaged = (example: object) =>
  fc.oneof(
    mutated(fc.constant(JSON.stringify(example))),
    fc.json(),
    fc.object().map((value) => JSON.stringify({ ...example, ...value })),
  );

export const releaseProperties: readonly Fuzzed[] = [
  fuzzed(
    'version.txt',
    fc.oneof(
      mutated(versionTxt),
      versionTxt,
      nearText(['FLATCAR_VERSION=', '1.2.3', '\n', '\r', '"', "'", 'COREOS_VERSION=', ' ', '$(id)', ';']),
    ),
    (text) => {
      const parsed = parseVersionTxt(bytesOf(text), 'stable');
      if (!parsed.ok) return;
      const { version: number } = parsed.value;
      expect(isVersion(number) && number.split('.')[1] === '2').toBe(true);
      expect(text).not.toContain('\r');
      // What the installer's sed would take, where the key is the current one.
      const sed = /^FLATCAR_VERSION=(.*)$/m.exec(text)?.[1];
      if (sed !== undefined) expect(sed.replace(/^(["'])(.*)\1$/, '$2')).toBe(number);
    },
  ),
  fuzzed('versions', fc.tuple(version, version, version), ([a, b, c]) => {
    expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
    expect(compareVersions(a, a)).toBe(0);
    if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
  }),
  fuzzed(
    'DIGESTS',
    nearText(
      ['# SHA512 HASH\n', '# MD5 HASH\n', `${HEX}  `, 'flatcar.bin', '\n', '__proto__', `${'B'.repeat(128)} *`, '  '],
      14,
    ),
    (text) => {
      for (const [name, digest] of parseDigests(text)) {
        expect(digest).toMatch(/^[0-9a-f]{128}$/);
        expect(text.toLowerCase()).toContain(digest);
        expect(text).toContain(name);
        // Only below its own heading.
        expect(text.indexOf('# SHA512 HASH')).toBeLessThan(text.toLowerCase().lastIndexOf(digest));
      }
    },
  ),
  fuzzed('signature framing', fc.uint8Array({ maxLength: 300 }), (bytes) => {
    const framing = requireOneSignaturePacket(bytes);
    if (framing.ok) expect((bytes[0] ?? 0) & 0x80).toBe(0x80);
  }),
  fuzzed(
    'signatures',
    fc.oneof(
      fc.uint8Array({ maxLength: 120 }),
      fc
        .tuple(fc.constantFrom(0x88, 0xc2, 0x89), fc.uint8Array({ maxLength: 100 }))
        .map(([tag, body]) => Uint8Array.from([tag, body.length, 4, 0, 1, 8, ...body])),
    ),
    async (bytes) => {
      const read = await readDetachedSignature(bytes);
      if (read.ok) expect(['sha256', 'sha512']).toContain(read.value.hashName);
    },
  ),
  fuzzed(
    'keyrings',
    fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      nearText(['-----BEGIN PGP PUBLIC KEY BLOCK-----\n', '\n', '-----END PGP PUBLIC KEY BLOCK-----', 'mDME', '=']).map(
        bytesOf,
      ),
    ),
    async (bytes) => {
      const read = await readKeyring(Uint8Array.from(bytes));
      if (read.ok) for (const key of read.value.keys) expect(key.isPrivate()).toBe(false);
    },
  ),
  ...STORED.map(([name, example, parse]) =>
    fuzzed(`stored ${name}`, damaged(example), (text) => {
      const parsed = parse(text) as { ok: boolean; value?: object };
      if (!parsed.ok) return;
      // What is taken is what is written again: nothing unknown comes along, and a second reading changes nothing.
      const again = parse(JSON.stringify(parsed.value)) as { ok: boolean; value?: object };
      expect(again.value).toEqual(parsed.value);
      expect(Object.getPrototypeOf(parsed.value)).toBe(Object.prototype);
    }),
  ),
];
