/**
 * What the mirror writes beside a file that it has verified: an in-toto statement
 * (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md) of what was checked, and the same signed.
 */
import { PROVENANCE, plainName, SIGNED_PROVENANCE } from '../../releases/companions.ts';
import type { ManifestFile } from '../../releases/store/manifest.ts';
import type { ProvenanceSigner } from '../../signing/provenance.ts';
import type { CopyOrder } from './companions.ts';

/** One thing that was checked before the file became readable. */
export type Check =
  | {
      readonly check: 'openpgp-signature';
      readonly signedBy: string;
      readonly primary: string;
      readonly signedAt: string;
      readonly signatureSha256: string;
    }
  | { readonly check: 'signed-digests'; readonly sha512: string }
  | { readonly check: 'version-txt'; readonly version: string }
  | {
      readonly check: 'payload-signature';
      readonly key: string;
      readonly partition?: string;
      readonly kernel?: string;
    }
  | { readonly check: 'upstream-sha256'; readonly sha256: string }
  /** The file was made here of another one of the release, whose own signature was checked. */
  | { readonly check: 'made-of'; readonly from: string; readonly format: string; readonly sha512: string };

export interface Provenance {
  /** The version of this software. */
  readonly software: string;
  /** Absent without PROVENANCE_KEY. */
  readonly signer: ProvenanceSigner | undefined;
}

/** Names what the predicate means; docs/provenance.md describes it. It is a name, not an address. */
const PREDICATE_TYPE = 'urn:flatcar-edge:mirror-verification:v1';

/** Returns the texts that stand beside a verified file, by their names. */
export async function provenanceOf(
  { software, signer }: Provenance,
  { release, name }: CopyOrder,
  entry: Pick<ManifestFile, 'size' | 'sha512' | 'sha256' | 'verifiedAt'>,
  checks: readonly Check[],
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const { size, sha512, sha256, verifiedAt } = entry;
  const statement = JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: plainName(name), digest: { sha256, sha512 } }],
    predicateType: PREDICATE_TYPE,
    predicate: {
      verifier: { name: 'flatcar-edge', version: software },
      verifiedAt,
      release,
      size,
      checks,
    },
  });
  const bytes = new Uint8Array(new TextEncoder().encode(statement));
  const texts = new Map([[`${name}.${PROVENANCE}`, bytes]]);
  if (signer !== undefined) {
    const bundle = JSON.stringify(await signer.bundle(bytes));
    texts.set(`${name}.${SIGNED_PROVENANCE}`, new Uint8Array(new TextEncoder().encode(bundle)));
  }
  return texts;
}
