/** Signatures made with real gpg (corpus/make.sh): what we say of each, beside what gpg says, and why where we are stricter. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDetachedSignature } from '../../src/signing/detached-signature.ts';
import { genuinePart } from '../../src/signing/genuine-part.ts';
import { type Keyring, readKeyring, trustedPart } from '../../src/signing/keyring.ts';
import { mergeKeyrings } from '../../src/signing/merge-keyrings.ts';
import { verifyBytes } from '../../src/signing/verification.ts';

const folder = join(import.meta.dirname, 'corpus');
const file = (name: string) => readFileSync(join(folder, name));
const data = file('data.txt');
const primary = file('primary.txt').toString().trim();
const NOW = Date.parse('2026-11-22T12:00:00Z');

interface Row {
  readonly name: string;
  readonly ours: string;
  /** What `gpg --status-fd` says of it, and its exit code. */
  readonly gpg: RegExp;
  readonly exit: number;
  /** Why we do not say what gpg says. */
  readonly stricter?: string;
}

const ROWS: readonly Row[] = [
  { name: 'good-sha256', ours: 'good', gpg: /GOODSIG/, exit: 0 },
  { name: 'good-sha512', ours: 'good', gpg: /GOODSIG/, exit: 0 },
  { name: 'good-by-primary', ours: 'good', gpg: /GOODSIG/, exit: 0 },
  { name: 'rotated-subkey', ours: 'good', gpg: /GOODSIG/, exit: 0 },
  { name: 'armored', ours: 'good', gpg: /GOODSIG/, exit: 0 },
  { name: 'expired-after-signing', ours: 'good', gpg: /EXPKEYSIG.*VALIDSIG/s, exit: 0 },
  { name: 'superseded-before', ours: 'good', gpg: /REVKEYSIG.*VALIDSIG/s, exit: 0 },
  {
    name: 'signed-after-expiry',
    ours: 'expired-key',
    gpg: /EXPKEYSIG.*VALIDSIG/s,
    exit: 0,
    stricter: 'gpg does not compare the dates',
  },
  {
    name: 'superseded-after',
    ours: 'revoked-key',
    gpg: /REVKEYSIG.*VALIDSIG/s,
    exit: 0,
    stricter: 'gpg only notes a revocation',
  },
  {
    name: 'revoked-compromised',
    ours: 'revoked-key',
    gpg: /REVKEYSIG.*VALIDSIG/s,
    exit: 0,
    stricter: 'gpg only notes a revocation',
  },
  {
    name: 'type-text',
    ours: 'signature-type',
    gpg: /GOODSIG/,
    exit: 0,
    stricter: 'images are binary; text signatures ignore line ends',
  },
  {
    name: 'two-packets',
    ours: 'several-signature-packets',
    gpg: /GOODSIG.*GOODSIG/s,
    exit: 0,
    stricter: 'two signatures have two answers',
  },
  {
    name: 'trailing-garbage',
    ours: 'signature-malformed',
    gpg: /GOODSIG/,
    exit: 2,
    stricter: 'gpg says good and fails',
  },
  { name: 'sha1', ours: 'weak-hash', gpg: /GOODSIG/, exit: 0, stricter: 'SHA-1 collides' },
  { name: 'wrong-primary', ours: 'unknown-key', gpg: /NO_PUBKEY/, exit: 2 },
  { name: 'truncated', ours: 'signature-malformed', gpg: /NODATA/, exit: 2 },
  { name: 'empty', ours: 'signature-empty', gpg: /NODATA/, exit: 2 },
  {
    name: 'mebibyte-of-packets',
    ours: 'several-signature-packets',
    gpg: /GOODSIG|NODATA|UNEXPECTED|ERROR/,
    exit: -1,
    stricter: 'nothing of that size is a signature',
  },
];

const hasGpg = spawnSync('gpg', ['--version']).status === 0;
let work: string;
let keyring: Keyring;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'corpus-'));
  keyring = await ring('key.asc');
  if (hasGpg)
    execFileSync('gpg', ['--homedir', work, '--batch', '--quiet', '--import', join(folder, 'key.asc')], {
      stdio: 'pipe',
    });
});
afterAll(() => {
  spawnSync('gpgconf', ['--homedir', work, '--kill', 'all']);
  rmSync(work, { recursive: true, force: true });
});

async function ring(name: string): Promise<Keyring> {
  const read = await readKeyring(file(name));
  const trusted = read.ok ? trustedPart(await genuinePart(read.value), [primary]) : read;
  if (!trusted.ok) throw new Error(trusted.error.reason);
  return trusted.value;
}

function bytesOf(name: string): Buffer {
  if (name !== 'mebibyte-of-packets') return file(`${name}.sig`);
  const one = file('good-sha512.sig');
  return Buffer.concat(Array.from({ length: Math.ceil((1024 * 1024) / one.length) }, () => one));
}

async function ours(name: string, by = keyring, content: Uint8Array = data): Promise<string> {
  const signature = await readDetachedSignature(bytesOf(name));
  if (!signature.ok) return signature.error.reason;
  const verdict = await verifyBytes(by, signature.value, content, NOW);
  return verdict.ok ? 'good' : verdict.error.reason;
}

describe('the corpus, by us', () => {
  it.each(ROWS)('$name: $ours', async ({ name, ours: expected }) => {
    expect(await ours(name)).toBe(expected);
  });

  it.each(ROWS.filter((row) => row.ours === 'good'))('$name over changed data: bad-signature', async ({ name }) => {
    const changed = Uint8Array.from(data);
    changed[3] = (changed[3] ?? 0) ^ 1;
    expect(await ours(name, keyring, changed)).toBe('bad-signature');
  });

  it('a rotated subkey is unknown to the key as it was before, known once the new one is merged', async () => {
    const before = await ring('before-rotation.asc');
    expect(await ours('rotated-subkey', before)).toBe('unknown-key');
    expect(await ours('rotated-subkey', await mergeKeyrings(before, keyring))).toBe('good');
    expect(await ours('revoked-compromised', await mergeKeyrings(keyring, before))).toBe('revoked-key');
  });

  it("a stranger's key with the same user id is not trusted even when it is there", async () => {
    const both = await readKeyring(Buffer.concat([file('stranger.asc'), Buffer.from('\n'), file('key.asc')]));
    const trusted = both.ok ? trustedPart(both.value, [primary]) : both;
    expect(trusted.ok && (await ours('wrong-primary', trusted.value))).toBe('unknown-key');
  });
});

describe.skipIf(!hasGpg)('the corpus, by gpg', () => {
  it.each(ROWS)('$name', ({ name, gpg, exit, ours: expected, stricter }) => {
    const signature = join(work, `${name}.sig`);
    writeFileSync(signature, bytesOf(name));
    const args = ['--homedir', work, '--batch', '--status-fd', '1', '--verify', signature, join(folder, 'data.txt')];
    const run = spawnSync('gpg', args, { encoding: 'utf8' });
    expect(run.stdout).toMatch(gpg);
    if (exit >= 0) expect(run.status).toBe(exit);
    // Where we differ, it is always we who refuse, and we say why.
    const gpgTakesIt = /GOODSIG|VALIDSIG/.test(run.stdout);
    if (expected === 'good') expect(gpgTakesIt).toBe(true);
    else if (gpgTakesIt) expect(stricter).toBeDefined();
  });
});
