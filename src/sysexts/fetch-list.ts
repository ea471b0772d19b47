/** Fetches the list of a catalogue and its signature, and checks everything that must be true of them. */
import type { Alias } from '../releases/model.ts';
import type { FileSignatures } from '../releases/upstream/file-signatures.ts';
import type { Upstream, UpstreamFault } from '../releases/upstream/upstream.ts';
import type { Platform } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { verifyBytes } from '../signing/verification.ts';
import { fitsPattern, type SysextSource } from './sources.ts';
import { parseSums } from './sums.ts';

export interface ListPorts {
  readonly platform: Platform;
  readonly source: SysextSource;
  /** The folder of the catalogue as an upstream, and what its signatures are checked with. */
  readonly upstream: Upstream;
  readonly signatures: Pick<FileSignatures, 'identify'>;
}

export interface SignedList {
  readonly sums: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
  readonly signedBy: string;
  /** ISO 8601. */
  readonly signedAt: string;
  /** The files that are to be mirrored, with their digests. */
  readonly files: ReadonlyMap<string, string>;
}

/** A fault of a look, with its reason as a code and in words. */
export interface LookFault {
  readonly reason: string;
  readonly detail: string;
  /** False where another attempt may go well. */
  readonly isFinal: boolean;
}

const SUMS_LIMIT = 1024 * 1024;
const SIGNATURE_LIMIT = 64 * 1024;
const MOST_MIRRORED = 500;

/** Returns where a file of a catalogue is, in the terms of an upstream whose template has `{file}` alone. */
export const placeOf = (file: string) => ({ channel: '', board: '', version: 'current' as Alias, file });

/** Returns the verified list. `after` is when the list that is published was signed: an older one is not taken (a replay). */
export async function fetchList(
  { platform, source, upstream, signatures }: ListPorts,
  after: string | null,
): Promise<Result<SignedList, LookFault>> {
  const sums = await upstream.small(placeOf('SHA256SUMS'), SUMS_LIMIT);
  if (!sums.ok) return err(passing(saidOf(sums.error), `${source.url}SHA256SUMS`));
  const signature = await upstream.small(placeOf('SHA256SUMS.gpg'), SIGNATURE_LIMIT);
  if (!signature.ok) return err(passing(saidOf(signature.error), `${source.url}SHA256SUMS.gpg`));
  const identified = await signatures.identify(signature.value.bytes);
  if (!identified.ok) return err(passing(identified.error.reason, 'the signature of SHA256SUMS'));
  const { bytes } = sums.value;
  const { keyring, signature: read } = identified.value;
  const verified = await verifyBytes(keyring, read, bytes, platform.now());
  // The list and its signature are two requests: between them upstream may have replaced both.
  if (!verified.ok) return err(passing(verified.error.reason, 'the signature of SHA256SUMS'));
  const signedAt = new Date(verified.value.signedAt).toISOString();
  if (after !== null && signedAt < after)
    return err({
      reason: 'older-list',
      detail: `SHA256SUMS was signed before the one that is published (${after})`,
      isFinal: true,
    });
  const listed = parseSums(new TextDecoder().decode(bytes));
  if (!listed.ok) return err({ reason: 'list-malformed', detail: `SHA256SUMS: ${listed.error}`, isFinal: true });
  const files = new Map([...listed.value].filter(([name]) => fitsPattern(source.pattern, name)));
  if (files.size > MOST_MIRRORED)
    return err({
      reason: 'too-many-files',
      detail: `${files.size} files fit ${source.pattern}, and at most ${MOST_MIRRORED} are mirrored: name fewer with a pattern`,
      isFinal: true,
    });
  return ok({ sums: bytes, signature: signature.value.bytes, signedBy: verified.value.signedBy, signedAt, files });
}

/** Returns a fault of upstream in a word, with the status of its answer where that is the fault. */
export const saidOf = (fault: UpstreamFault): string =>
  fault.reason === 'unexpected-status' ? `${fault.reason} ${fault.status}` : fault.reason;

const passing = (reason: string, what: string): LookFault => ({ reason, detail: `${what}: ${reason}`, isFinal: false });
