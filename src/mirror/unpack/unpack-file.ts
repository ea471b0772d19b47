/**
 * Makes one file of a packed image, in steps: each goes on where the one before has ended, and may run again. What a step has made and
 * does not fill a part is kept in R2 until the next one.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ReleaseStore } from '../../releases/store/bucket.ts';
import type { ManifestFile } from '../../releases/store/manifest.ts';
import { concatBytes } from '../../shared/bytes.ts';
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { MirrorStore, UploadedPart } from '../store/bucket.ts';
import type { Bzip2Fault } from './bzip2-block.ts';
import { GZIP_BEGINS, GZIP_HEADER, type GzipState, gzipEnd, packPiece } from './gzip-writer.ts';
import type { ImportFormat } from './made-formats.ts';
import { PackedSource, type Place } from './packed-source.ts';

export interface UnpackPorts {
  readonly platform: Platform;
  readonly store: MirrorStore;
  readonly releases: Pick<ReleaseStore, 'open'>;
  readonly partBytes: number;
  readonly maxFileBytes: number;
  /** Milliseconds after which a step ends, at the end of a block. */
  readonly stepMs?: number;
}

export type UnpackFault =
  | StoreFault
  | Bzip2Fault
  | { readonly reason: 'file-too-large'; readonly limit: number }
  | { readonly reason: 'not-what-was-made' };

/** How far the work has come. It is what a step of a Workflow keeps, so it is small. */
export interface Progress {
  /** Where the file is made. */
  readonly key: string;
  readonly uploadId: string;
  readonly place: Place;
  readonly parts: readonly UploadedPart[];
  /** The bytes that do not fill a part are kept under a key of this place: the bit at which the step ended. 0: there are none. */
  readonly carry: number;
  /** Of the plain bytes. */
  readonly gzip: GzipState;
  /** Of the bytes of the file: what is published is compared with it. */
  readonly made: GzipState;
  readonly isWhole: boolean;
}

const STEP_MS = 60_000;

/** Begins the upload of the file at `key`. */
export async function beginFile({ store }: UnpackPorts, key: string): Promise<Result<Progress, UnpackFault>> {
  const upload = await store.startUpload(key);
  if (!upload.ok) return upload;
  const place = { bit: 0, level: 0 };
  const begun = { parts: [], carry: 0, gzip: GZIP_BEGINS, made: GZIP_BEGINS, isWhole: false };
  return ok({ key, uploadId: upload.value.id, place, ...begun });
}

/** What a step leaves follows from where it ended and from nothing else, so steps that end at different places never share a key. */
const carryKey = (key: string, bit: number): string => `${carriesOf(key)}${bit}`;
const carriesOf = (key: string): string => `${key}.carry-`;

/** Goes on for a while, and returns how far it has come. */
export async function goOn(
  ports: UnpackPorts,
  { from, format }: { readonly from: ManifestFile; readonly format: ImportFormat },
  before: Progress,
): Promise<Result<Progress, UnpackFault>> {
  const { platform, store, releases, partBytes, maxFileBytes, stepMs = STEP_MS } = ports;
  const until = platform.now() + stepMs;
  const { key } = before;
  const source = new PackedSource(releases, from, before.place);
  const parts = [...before.parts];
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let { gzip, made } = before;
  const wait = (bytes: Uint8Array) => {
    waiting.push(bytes);
    waitingBytes += bytes.length;
  };
  const take = (bytes: Uint8Array) => {
    made = counted(made, bytes);
    wait(bytes);
  };
  if (before.carry > 0) {
    const carried = await carriedBytes(ports, carryKey(key, before.carry));
    if (!carried.ok) return carried;
    wait(carried.value);
  } else if (format === 'raw.gz' && before.gzip.length === 0) take(GZIP_HEADER);
  const upload = store.resumeUpload(key, before.uploadId);
  const send = async (isLast: boolean): Promise<Result<undefined, UnpackFault>> => {
    while (waitingBytes >= partBytes || (isLast && (waitingBytes > 0 || parts.length === 0))) {
      const joined = concatBytes(waiting);
      const part = await upload.part(parts.length + 1, joined.subarray(0, partBytes));
      if (!part.ok) return part;
      parts.push(part.value);
      const rest = joined.slice(partBytes);
      waiting = rest.length === 0 ? [] : [rest];
      waitingBytes = rest.length;
    }
    return ok(undefined);
  };
  for (;;) {
    const block = await source.next();
    if (!block.ok) return block;
    if (block.value === undefined) break;
    for (;;) {
      const piece = block.value.next();
      if (!piece.ok) return piece;
      if (piece.value === undefined) break;
      const packed = packPieceOf(format, gzip, piece.value);
      ({ gzip } = packed);
      take(packed.bytes);
      if (gzip.length > maxFileBytes) return err({ reason: 'file-too-large', limit: maxFileBytes });
      const sent = await send(false);
      if (!sent.ok) return sent;
    }
    if (platform.now() < until) continue;
    const { place } = source;
    const kept = await store.put(carryKey(key, place.bit), concatBytes(waiting));
    return kept.ok ? ok({ ...before, place, parts, carry: place.bit, gzip, made, isWhole: false }) : kept;
  }
  if (format === 'raw.gz') take(gzipEnd(gzip));
  const sent = await send(true);
  return sent.ok ? ok({ ...before, place: source.place, parts, gzip, made, isWhole: true }) : sent;
}

const counted = ({ crc, length }: GzipState, bytes: Uint8Array): GzipState => ({
  crc: crc32(bytes, crc),
  length: length + bytes.length,
});

/** Plain bytes are counted as packed ones are. */
function packPieceOf(format: ImportFormat, gzip: GzipState, bytes: Uint8Array): { gzip: GzipState; bytes: Uint8Array } {
  if (format === 'img') return { gzip: { ...gzip, length: gzip.length + bytes.length }, bytes };
  const { state, packed } = packPiece(gzip, bytes);
  return { gzip: state, bytes: packed };
}

async function carriedBytes({ store }: UnpackPorts, key: string): Promise<Result<Uint8Array, StoreFault>> {
  const bytes = await store.bytes(key);
  if (!bytes.ok) return bytes;
  return bytes.value === undefined
    ? err({ reason: 'store-unreachable', operation: 'read what was kept' })
    : ok(bytes.value);
}

/** Makes the object readable, removes what was kept between steps, and returns the etag. It may run again. */
export async function completeFile(
  { store }: UnpackPorts,
  { key, uploadId, parts }: Progress,
): Promise<Result<string, UnpackFault>> {
  const completed = await store.resumeUpload(key, uploadId).complete(parts);
  // A step that was cut off after this call finds the object instead of the upload.
  const head = completed.ok ? ok({ etag: completed.value }) : await store.head(key);
  if (!head.ok) return head;
  if (head.value === undefined) return completed;
  // A step that was cut off may have left one of which no other step knows, so they are listed.
  const kept = await store.list(carriesOf(key));
  if (!kept.ok) return kept;
  const keys = kept.value.objects.map((object) => object.key);
  const removed = keys.length === 0 ? ok(undefined) : await store.delete(keys);
  return removed.ok ? ok(head.value.etag) : removed;
}

/**
 * Reads the whole object once more and returns its digests: no state of a hash outlives a step. It is an error where the object is not
 * what the steps together have made.
 */
export async function digestsOf(
  { releases }: UnpackPorts,
  object: { readonly key: string; readonly etag: string; readonly made: GzipState },
): Promise<Result<{ readonly size: number; readonly sha512: string; readonly sha256: string }, UnpackFault>> {
  const opened = await releases.open(object);
  if (!opened.ok) return opened;
  if (opened.value === undefined) return err({ reason: 'store-unreachable', operation: 'read the file that was made' });
  const [sha512, sha256] = [createHash('sha512'), createHash('sha256')];
  let read = GZIP_BEGINS;
  try {
    for await (const chunk of opened.value as unknown as AsyncIterable<Uint8Array>) {
      sha512.update(chunk);
      sha256.update(chunk);
      read = counted(read, chunk);
    }
  } catch (cause) {
    return err({ reason: 'store-unreachable', operation: 'read the file that was made', cause });
  }
  const isSame = read.length === object.made.length && read.crc === object.made.crc;
  if (!isSame) return err({ reason: 'not-what-was-made' });
  return ok({ size: read.length, sha512: sha512.digest('hex'), sha256: sha256.digest('hex') });
}
