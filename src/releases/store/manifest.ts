/** The manifest of a mirrored release. A file in R2 is served only if a manifest names it. No I/O. */
import * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';
import { momentField, versionField } from './stored-fields.ts';

const fingerprint = z.string().regex(/^[0-9A-F]{40}$/);

/** The public fields of a file. */
export const publicFileShape = {
  /** In bytes. */
  size: z.number().int().nonnegative(),
  /** 128 lower-case hexadecimal digits. */
  sha512: z.string().regex(/^[0-9a-f]{128}$/),
  /** The Last-Modified date that upstream gave the file. */
  modified: momentField.optional(),
  /** Fingerprint of the subkey that signed the file. A companion has no signature, so it lacks these three fields. */
  signedBy: fingerprint.optional(),
  /** Fingerprint of the primary key of that subkey. */
  primary: fingerprint.optional(),
  signedAt: momentField.optional(),
  verifiedAt: momentField,
};

export const manifestFileSchema = storedObject({
  /** The R2 key of the object that was verified; with its etag it names exactly those bytes. */
  key: z.string().min(1),
  etag: z.string().min(1),
  ...publicFileShape,
});

const manifestSchema = storedObject({
  channel: z.string(),
  board: z.string(),
  version: versionField,
  publishedAt: momentField,
  /** Set when a subkey that signed one of the files is compromised. No file of the release is served from R2 then. */
  distrusted: storedObject({ fingerprint: z.string(), at: momentField }).optional(),
  /** Set when the operator has taken the release back; the manifest stays as a tombstone. */
  quarantinedAt: momentField.optional(),
  files: z.record(z.string(), manifestFileSchema),
});

export type ManifestFile = Readonly<z.output<typeof manifestFileSchema>>;
export type PublicFile = Omit<ManifestFile, 'key' | 'etag'>;
export type Manifest = Readonly<z.output<typeof manifestSchema>>;

/** Returns the public fields of a file. It names each field, so that a field of a later version stays private. */
export function publicFile({
  size,
  sha512,
  modified,
  signedBy,
  primary,
  signedAt,
  verifiedAt,
}: PublicFile): PublicFile {
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

/** Parses a stored manifest; a malformed one is an error. */
export const parseManifest = (text: string): Result<Manifest, Malformed> => parseStored(manifestSchema, text);
