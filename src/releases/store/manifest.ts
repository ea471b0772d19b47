/** The manifest of a mirrored release. A file in R2 is served only if a manifest names it. No I/O. */
import * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored, storedObject } from '../../shared/stored-json.ts';
import type { Pair, Version } from '../model.ts';
import { momentField, versionField } from './stored-fields.ts';

const fingerprint = z.string().regex(/^[0-9A-F]{40}$/);

/** The public fields of a file. */
export const publicFileShape = {
  /** In bytes. */
  size: z.number().int().nonnegative(),
  /** 128 lower-case hexadecimal digits. */
  sha512: z.string().regex(/^[0-9a-f]{128}$/),
  /** 64 lower-case hexadecimal digits. Absent where an earlier version mirrored the file. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** The Last-Modified date that upstream gave the file. */
  modified: momentField.optional(),
  /** Fingerprint of the subkey that signed the file. A companion has no signature, so it lacks these three fields. */
  signedBy: fingerprint.optional(),
  /** Fingerprint of the primary key of that subkey. */
  primary: fingerprint.optional(),
  signedAt: momentField.optional(),
  /** The key that signed an update payload: SHA-256 of its SPKI form. A payload has this in the place of the three fields above. */
  payloadKey: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  verifiedAt: momentField,
  /** Of a file that was made here for import tools: the verified file that it was made of. */
  madeOf: storedObject({ name: z.string(), sha512: z.string() }).optional(),
};

export const manifestFileSchema = storedObject({
  /** The R2 key of the object that was verified; with its etag it names exactly those bytes. */
  key: z.string().min(1),
  etag: z.string().min(1),
  /** When the file came into the manifest; absent in older manifests, whose files all came with the release. */
  addedAt: momentField.optional(),
  /** Of an update payload, in hexadecimal: clients of Omaha ask for it. It proves nothing. Absent where an earlier version mirrored it. */
  sha1: z
    .string()
    .regex(/^[0-9a-f]{40}$/)
    .optional(),
  /** What an update payload says that it installs: SHA-256 of each, in hexadecimal. */
  payload: storedObject({ partition: z.string().optional(), kernel: z.string().optional() }).optional(),
  ...publicFileShape,
});

const manifestSchema = storedObject({
  channel: z.string(),
  board: z.string(),
  version: versionField,
  publishedAt: momentField,
  /** Set when a subkey that signed one of the files is compromised. No file of the release is served from R2 then. */
  distrusted: storedObject({ fingerprint: z.string(), at: momentField }).optional(),
  /**
   * Set when the operator has taken the release back; the manifest stays as a tombstone. A release that was never
   * published gets one too: it has no files, and `publishedAt` is the date of its quarantine.
   */
  quarantinedAt: momentField.optional(),
  /** Who quarantined it, and why. Earlier versions stored neither. */
  quarantine: storedObject({ by: z.string(), reason: z.string().optional() }).optional(),
  /** Set while a sweep deletes the files: the release is not published any more, and its objects may be gone. */
  goingAt: momentField.optional(),
  /** Set when the release was blocked before anybody had published it here: no alias may fall back to it. */
  wasNeverPublished: z.boolean().optional(),
  files: z.record(z.string(), manifestFileSchema),
});

export type ManifestFile = Readonly<z.output<typeof manifestFileSchema>>;
export type PublicFile = Omit<ManifestFile, 'key' | 'etag'>;

/** True for a file that was proved by a signature of its own: no companion, and nothing that the mirror made. */
export const isProved = ({ signedBy, payloadKey }: PublicFile): boolean =>
  signedBy !== undefined || payloadKey !== undefined;
export type Manifest = Readonly<z.output<typeof manifestSchema>>;

/**
 * True when the files of the release may be served: no mark stands against it, and it has files. A sweep and a lifted
 * quarantine leave a manifest without files, for R2 deletes an object whatever it holds by then.
 */
export const isPublished = (manifest: Manifest): boolean =>
  !isWithdrawn(manifest) && manifest.goingAt === undefined && Object.keys(manifest.files).length > 0;

/** True when a mark stands against the release. */
export const isWithdrawn = ({ quarantinedAt, distrusted }: Manifest): boolean =>
  quarantinedAt !== undefined || distrusted !== undefined;

/** Returns a withdrawn release without its marks. It has no files: those that it had are deleted, or will be. */
export function unmarked(manifest: Manifest): Manifest {
  const { quarantinedAt: _mark, quarantine: _why, distrusted: _other, ...rest } = manifest;
  return { ...rest, files: {} };
}

/** Returns the manifest of a release that is not published; `at` is ISO 8601. */
export const unpublished = (
  { channel, board, version }: Pair & { readonly version: Version },
  at: string,
): Manifest => ({
  ...{ channel, board, version, publishedAt: at, wasNeverPublished: true, files: {} },
});

/** True for a release of which there is a mark, or was, and nothing else. */
export const isOnlyAMark = ({ wasNeverPublished, files }: Manifest): boolean =>
  wasNeverPublished === true && Object.keys(files).length === 0;

/** Returns the public fields of a file. It names each field, so that a field of a later version stays private. */
export function publicFile({
  size,
  sha512,
  sha256,
  modified,
  signedBy,
  primary,
  signedAt,
  payloadKey,
  verifiedAt,
}: PublicFile): PublicFile {
  return {
    size,
    sha512,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(modified === undefined ? {} : { modified }),
    ...(signedBy === undefined ? {} : { signedBy }),
    ...(primary === undefined ? {} : { primary }),
    ...(signedAt === undefined ? {} : { signedAt }),
    ...(payloadKey === undefined ? {} : { payloadKey }),
    verifiedAt,
  };
}

/** Parses a stored manifest; a malformed one is an error. */
export const parseManifest = (text: string): Result<Manifest, Malformed> => parseStored(manifestSchema, text);
