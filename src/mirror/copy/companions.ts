/** Fetches the companions of a file, checks the signed DIGESTS, and stores them beside the file. */

import { companionOf, DIGEST_ENDINGS } from '../../releases/companions.ts';
import { fileKey } from '../../releases/keys.ts';
import type { JudgedFile } from '../../releases/pass-through/verifications.ts';
import type { ManifestFile } from '../../releases/store/manifest.ts';
import type { FileSignatures } from '../../releases/upstream/file-signatures.ts';
import type { Upstream } from '../../releases/upstream/upstream.ts';
import { sha256Hex, sha512Hex } from '../../shared/bytes.ts';
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { Slots } from '../../shared/slots.ts';
import type { PayloadKey } from '../../signing/payload/keys.ts';
import { verifyBytes } from '../../signing/verification.ts';
import type { MirrorStore, Release } from '../store/bucket.ts';
import type { CopyFault } from './copy-fault.ts';
import { parseDigests } from './digests.ts';
import type { Provenance } from './provenance.ts';

export interface CopyPorts {
  /** Tells pass-through that the signature of a file does not hold, so that it sends none of it. Never rejects. */
  readonly noteBad: (judged: JudgedFile, reason: string) => Promise<unknown>;
  readonly platform: Platform;
  readonly upstream: Upstream;
  readonly signatures: FileSignatures;
  /** The keys that an update payload may be signed by. */
  readonly payloadKeys: readonly PayloadKey[];
  readonly provenance: Provenance;
  readonly store: MirrorStore;
  /** Limits the uploads that run at the same time, over all files that are being copied. */
  readonly slots: Slots;
  readonly maxFileBytes: number;
  /** How many bytes each part of an upload has, except the last one. */
  readonly partBytes: number;
}

export interface CopyOrder {
  readonly release: Release;
  readonly attempt: number;
  readonly name: string;
  /** When the release was built, in milliseconds since the epoch. No signature may be older. */
  readonly builtAt: number | undefined;
}

/** A companion has a few kilobytes. */
export const COMPANION_LIMIT = 64 * 1024;

interface Companion {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Upstream's date of the file, in milliseconds since the epoch. */
  readonly modified: number | undefined;
}

/** Companions by their file name. */
export type Companions = Map<string, Companion>;

/** Returns the DIGESTS files that upstream has for a file. Releases from before 2022 have none for each single file. */
export async function fetchCompanions(
  { upstream }: CopyPorts,
  { release, name }: CopyOrder,
): Promise<Result<Companions, CopyFault>> {
  const found: Companions = new Map();
  for (const ending of DIGEST_ENDINGS) {
    const companion = companionOf(name, ending);
    const file = await upstream.small({ ...release, file: companion }, COMPANION_LIMIT);
    if (file.ok) found.set(companion, { bytes: file.value.bytes, modified: file.value.facts.lastModified });
    else if (file.error.reason !== 'absent') return file;
  }
  return ok(found);
}

/**
 * Verifies the signature of DIGESTS and returns the SHA-512 that it lists for the file, in lower-case hexadecimal.
 * Returns `undefined` when there is no signed DIGESTS. A DIGESTS that does not list the file is an error.
 */
export async function listedDigest(
  { signatures, platform }: CopyPorts,
  { name }: CopyOrder,
  companions: Companions,
): Promise<Result<string | undefined, CopyFault>> {
  const text = companions.get(companionOf(name, 'DIGESTS'))?.bytes;
  const sig = companions.get(companionOf(name, 'DIGESTS.sig'))?.bytes;
  if (text === undefined || sig === undefined) return ok(undefined);
  const identified = await signatures.identify(sig);
  if (!identified.ok) return identified;
  const verified = await verifyBytes(identified.value.keyring, identified.value.signature, text, platform.now());
  if (!verified.ok) return err({ reason: 'digests-bad-signature' });
  const digest = parseDigests(new TextDecoder().decode(text)).get(name);
  return digest === undefined ? err({ reason: 'digests-other-file' }) : ok(digest);
}

/** Stores companions in R2 and returns their manifest entries, which name no signer. `verifiedAt` is ISO 8601. */
export async function storeCompanions(
  { store: mirror, slots }: CopyPorts,
  { release, attempt }: CopyOrder,
  companions: Companions,
  verifiedAt: string,
): Promise<Result<Record<string, ManifestFile>, CopyFault>> {
  const entries: Record<string, ManifestFile> = {};
  for (const [companion, { bytes, modified }] of companions) {
    const key = fileKey(release, companion, attempt);
    const etag = await slots.run(() => mirror.put(key, bytes));
    if (!etag.ok) return etag;
    entries[companion] = {
      key,
      etag: etag.value,
      size: bytes.length,
      sha512: await sha512Hex(bytes),
      sha256: await sha256Hex(bytes),
      verifiedAt,
      ...(modified === undefined ? {} : { modified: new Date(modified).toISOString() }),
    };
  }
  return ok(entries);
}
