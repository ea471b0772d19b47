/** The files that speak for another one: fetched whole, held against the file they name, stored beside it. */

import { companionOf, DIGEST_ENDINGS } from '../../releases/companions.ts';
import { fileKey } from '../../releases/keys.ts';
import type { ManifestFile } from '../../releases/store/manifest.ts';
import type { FileSignatures } from '../../releases/upstream/file-signatures.ts';
import type { Upstream } from '../../releases/upstream/upstream.ts';
import { sha512Hex } from '../../shared/bytes.ts';
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { Slots } from '../../shared/slots.ts';
import { verifyBytes } from '../../signing/verification.ts';
import type { MirrorStore, Release } from '../store/bucket.ts';
import type { CopyFault } from './copy-fault.ts';
import { parseDigests } from './digests.ts';

export interface CopyPorts {
  readonly platform: Platform;
  readonly upstream: Upstream;
  readonly signatures: FileSignatures;
  readonly store: MirrorStore;
  /** Three parts in flight, shared by both files that are copied at once. */
  readonly slots: Slots;
  readonly maxFileBytes: number;
}

export interface CopyOrder {
  readonly release: Release;
  readonly attempt: number;
  readonly name: string;
  /** Milliseconds; no signature may be older. */
  readonly builtAt: number | undefined;
}

/** Each is a few kilobytes. */
export const COMPANION_LIMIT = 64 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;
/** A companion's bytes and upstream's date of it, in milliseconds. */
interface Companion {
  readonly bytes: Bytes;
  readonly modified: number | undefined;
}

/** By the name of the file. */
export type Companions = Map<string, Companion>;

/** The DIGESTS files that upstream has for a file; releases before 2022 have none of its own. */
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

/** The SHA-512 that a signed DIGESTS gives this very name; `undefined` where there is no signed DIGESTS. */
export async function listedDigest(
  { signatures, platform }: CopyPorts,
  { name }: CopyOrder,
  companions: Companions,
): Promise<Result<string | undefined, CopyFault>> {
  const text = companions.get(companionOf(name, 'DIGESTS'))?.bytes;
  const sig = companions.get(companionOf(name, 'DIGESTS.sig'))?.bytes;
  if (text === undefined || sig === undefined) return ok(undefined);
  const known = await signatures.identify(sig);
  if (!known.ok) return known;
  const verified = await verifyBytes(known.value.keyring, known.value.signature, text, platform.now());
  if (!verified.ok) return err({ reason: 'digests-bad-signature' });
  const digest = parseDigests(new TextDecoder().decode(text)).get(name);
  return digest === undefined ? err({ reason: 'digests-other-file' }) : ok(digest);
}

/** Puts them into R2 and gives their manifest entries; they carry no signature of their own. */
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
      verifiedAt,
      ...(modified === undefined ? {} : { modified: new Date(modified).toISOString() }),
    };
  }
  return ok(entries);
}
