/** What publish says of a mirrored release: the only way for a file in R2 to be served as verified. No I/O. */
import * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';
import { momentField, versionField } from './stored-fields.ts';

const fingerprint = z.string().regex(/^[0-9A-F]{40}$/);

/** What everybody may know of a file. */
export const publicFileShape = {
  size: z.number().int().nonnegative(),
  /** 128 lower-case hexadecimal digits. */
  sha512: z.string().regex(/^[0-9a-f]{128}$/),
  /** Upstream's date of the file. */
  modified: momentField.optional(),
  /** Fingerprints of the subkey that signed and of its primary; companions have none. */
  signedBy: fingerprint.optional(),
  primary: fingerprint.optional(),
  signedAt: momentField.optional(),
  verifiedAt: momentField,
};

export const manifestFileSchema = storedObject({
  /** R2 key and etag of the very object that was verified. */
  key: z.string().min(1),
  etag: z.string().min(1),
  ...publicFileShape,
});

const manifestSchema = storedObject({
  channel: z.string(),
  board: z.string(),
  version: versionField,
  publishedAt: momentField,
  /** Set when a subkey that signed one of the files turned out compromised: nothing of it is served from here. */
  distrusted: storedObject({ fingerprint: z.string(), at: momentField }).optional(),
  /** A tombstone: the operator took the release back. */
  quarantinedAt: momentField.optional(),
  files: z.record(z.string(), manifestFileSchema),
});

export type ManifestFile = Readonly<z.output<typeof manifestFileSchema>>;
export type PublicFile = Omit<ManifestFile, 'key' | 'etag'>;
export type Manifest = Readonly<z.output<typeof manifestSchema>>;

/** What everybody may know of a file: an allow-list, so that a later field is not published by accident. */
export function publicFile({
  size,
  sha512,
  modified,
  signedBy,
  primary,
  signedAt,
  verifiedAt,
}: ManifestFile): PublicFile {
  return {
    size,
    sha512,
    ...(modified === undefined ? {} : { modified }),
    ...(signedBy === undefined ? {} : { signedBy }),
    ...(primary === undefined ? {} : { primary }),
    ...(signedAt === undefined ? {} : { signedAt }),
    verifiedAt,
  };
}

/** A manifest as stored; anything else in its place is an error, never an empty manifest. */
export const parseManifest = (text: string): Result<Manifest, Malformed> => parseStored(manifestSchema, text);
