/**
 * What a file that is being copied has to prove before it becomes readable. A file of the release directory has a detached OpenPGP
 * signature and signed DIGESTS; an update payload carries an RSA signature itself, and has a .sha256 beside it.
 */
import { createHash } from 'node:crypto';
import { companionOf, proofOf, signatureOf } from '../../releases/companions.ts';
import type { ManifestFile } from '../../releases/store/manifest.ts';
import type { UpstreamFacts } from '../../releases/upstream/upstream.ts';
import { parseVersionTxt } from '../../releases/upstream/version-txt.ts';
import { sha256Hex } from '../../shared/bytes.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { PayloadVerification } from '../../signing/payload/verification.ts';
import { beginDigest } from '../../signing/verification.ts';
import {
  COMPANION_LIMIT,
  type Companions,
  type CopyOrder,
  type CopyPorts,
  fetchCompanions,
  listedDigest,
} from './companions.ts';
import type { CopyFault } from './copy-fault.ts';
import type { Check } from './provenance.ts';

/** What is known of a file that has proved itself. */
export interface Proved {
  /** What the manifest says of it. */
  readonly fields: Pick<
    ManifestFile,
    'sha512' | 'sha256' | 'signedBy' | 'primary' | 'signedAt' | 'payloadKey' | 'payload' | 'sha1'
  >;
  /** What was checked, for its provenance. */
  readonly checks: readonly Check[];
}

export interface FileProof {
  /** Takes the next bytes of the file. */
  update(chunk: Uint8Array): void;
  /** Judges all bytes. `held` are those of a small file, and empty for a large one. */
  finish(held: Uint8Array): Promise<Result<Proved, CopyFault>>;
  /** The files beside it that are stored with it. */
  readonly companions: Companions;
  /** What a verdict about it names (`CheckedSignature.hash`). */
  readonly hash: string;
}

/** Returns what the file has to prove, after fetching what upstream has beside it. Nothing of the file itself is read. */
export async function proofFor(
  ports: CopyPorts,
  order: CopyOrder,
  facts: UpstreamFacts,
): Promise<Result<FileProof, CopyFault>> {
  return proofOf(order.name) === 'payload'
    ? await payloadProof(ports, order, facts)
    : await signatureProof(ports, order);
}

async function signatureProof(ports: CopyPorts, order: CopyOrder): Promise<Result<FileProof, CopyFault>> {
  const { platform, upstream, signatures } = ports;
  const { release, name } = order;
  const sig = await upstream.small({ ...release, file: signatureOf(name) }, COMPANION_LIMIT);
  if (!sig.ok) return sig.error.reason === 'absent' ? err({ reason: 'signature-missing' }) : sig;
  const identified = await signatures.identify(sig.value.bytes);
  if (!identified.ok) return identified;
  const { keyring, signature } = identified.value;
  if (order.builtAt !== undefined && signature.created < order.builtAt) return err({ reason: 'signed-before-build' });
  const companions = await fetchCompanions(ports, order);
  if (!companions.ok) return companions;
  const expected = await listedDigest(ports, order, companions.value);
  if (!expected.ok) return expected;
  const digest = await beginDigest(keyring, signature, platform.now());
  if (!digest.ok) return digest;
  const hash = await sha256Hex(sig.value.bytes);
  return ok({
    hash,
    companions: new Map([
      [signatureOf(name), { bytes: sig.value.bytes, modified: sig.value.facts.lastModified }],
      ...companions.value,
    ]),
    update: (chunk) => digest.value.update(chunk),
    finish: async (held) => {
      const [sha512, sha256] = [digest.value.sha512(), digest.value.sha256()];
      const verified = await digest.value.finish();
      if (!verified.ok) return verified;
      if (expected.value !== undefined && expected.value !== sha512) return err({ reason: 'wrong-digest' });
      if (name === 'version.txt') {
        const fields = parseVersionTxt(held, release.channel, release.version);
        if (!fields.ok) return fields;
      }
      const { signedBy, primary } = verified.value;
      const signedAt = new Date(verified.value.signedAt).toISOString();
      const checks: Check[] = [{ check: 'openpgp-signature', signedBy, primary, signedAt, signatureSha256: hash }];
      if (expected.value !== undefined) checks.push({ check: 'signed-digests', sha512 });
      if (name === 'version.txt') checks.push({ check: 'version-txt', version: release.version });
      return ok({ fields: { sha512, sha256, signedBy, primary, signedAt }, checks });
    },
  });
}

/** A .sha256 as `sha256sum` writes it: the digest stands before the first space. */
const DIGEST = /^([0-9a-f]{64})(?: |\n|$)/;

async function payloadProof(
  { upstream, payloadKeys, signatures }: CopyPorts,
  { release, name }: CopyOrder,
  { size }: UpstreamFacts,
): Promise<Result<FileProof, CopyFault>> {
  const listed = await upstream.small({ ...release, file: companionOf(name, 'sha256') }, COMPANION_LIMIT);
  if (!listed.ok && listed.error.reason !== 'absent') return listed;
  const told = listed.ok ? DIGEST.exec(new TextDecoder().decode(listed.value.bytes))?.[1] : undefined;
  if (listed.ok && told === undefined) return err({ reason: 'digest-malformed' });
  const checked = await signatures.check({ ...release, file: name });
  if (!checked.ok) return checked;
  const verification = new PayloadVerification(payloadKeys, size);
  const [sha512, sha256, sha1] = [createHash('sha512'), createHash('sha256'), createHash('sha1')];
  return ok({
    hash: checked.value.hash,
    // Its .sha256 is made of the manifest, as those of all files are.
    companions: new Map(),
    update: (chunk) => {
      verification.update(chunk);
      sha512.update(chunk);
      sha256.update(chunk);
      sha1.update(chunk);
    },
    finish: async () => {
      const verified = verification.finish();
      if (!verified.ok) return verified;
      const digests = { sha512: sha512.digest('hex'), sha256: sha256.digest('hex') };
      if (told !== undefined && told !== digests.sha256) return err({ reason: 'wrong-digest' });
      const { keyId, content } = verified.value;
      const checks: Check[] = [{ check: 'payload-signature', key: keyId, ...content }];
      if (told !== undefined) checks.push({ check: 'upstream-sha256', sha256: told });
      const told1 = { sha1: sha1.digest('hex') };
      return ok({ fields: { ...digests, ...told1, payloadKey: keyId, payload: content }, checks });
    },
  });
}
