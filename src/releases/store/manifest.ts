/** What publish says of a mirrored release: the only way for a file in R2 to be served as verified. No I/O. */
import * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { type Malformed, parseStored } from '../../shared/stored-json.ts';
import { isVersion, type Version } from '../model.ts';

const versionText = z.custom<Version>((value) => typeof value === 'string' && isVersion(value));

export const manifestFileSchema = z.object({
  /** R2 key and etag of the very object that was verified. */
  key: z.string().min(1),
  etag: z.string().min(1),
  size: z.number().int().nonnegative(),
  /** 128 lower-case hexadecimal digits. */
  sha512: z.string().regex(/^[0-9a-f]{128}$/),
  /** Upstream's date of the file, ISO 8601. */
  modified: z.iso.datetime().optional(),
  /** Fingerprints of the subkey that signed and of its primary; companions have none. */
  signedBy: z
    .string()
    .regex(/^[0-9A-F]{40}$/)
    .optional(),
  primary: z
    .string()
    .regex(/^[0-9A-F]{40}$/)
    .optional(),
  signedAt: z.iso.datetime().optional(),
  verifiedAt: z.iso.datetime(),
});

const manifestSchema = z.object({
  channel: z.string(),
  board: z.string(),
  version: versionText,
  publishedAt: z.iso.datetime(),
  /** Set when a subkey that signed one of the files turned out compromised: nothing of it is served from here. */
  distrusted: z.object({ fingerprint: z.string(), at: z.iso.datetime() }).optional(),
  /** A tombstone: the operator took the release back. */
  quarantinedAt: z.iso.datetime().optional(),
  files: z.record(z.string(), manifestFileSchema),
});

export type ManifestFile = Readonly<z.output<typeof manifestFileSchema>>;
export type Manifest = Readonly<z.output<typeof manifestSchema>>;

/** A manifest as stored; anything else in its place is an error, never an empty manifest. */
export const parseManifest = (text: string): Result<Manifest, Malformed> => parseStored(manifestSchema, text);
