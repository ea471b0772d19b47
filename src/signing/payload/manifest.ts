/**
 * The layout of an update payload (CrAU, version 1), which its header and its manifest tell. Sources: update_engine of Flatcar,
 * src/update_engine/payload_processor.cc and payload_signer.cc (https://github.com/flatcar/update_engine): a header of 20 bytes (magic,
 * version and length of the manifest, big-endian), the manifest (protobuf DeltaArchiveManifest), the data, and at the very end a
 * protobuf message Signatures, whose offset counts from the end of the manifest. No I/O.
 */
import { toHex } from '../../shared/bytes.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { lastOf, readFields } from './protobuf.ts';

export type LayoutFault =
  | { readonly reason: 'payload-not-crau' }
  | { readonly reason: 'payload-malformed'; readonly what: string }
  | { readonly reason: 'payload-unsigned' }
  /** The manifest says that the payload has another length than the file. */
  | { readonly reason: 'payload-wrong-length'; readonly declared: bigint; readonly size: number };

export const HEADER_BYTES = 20;
/** Flatcar's manifests have some 100 KB: a line for each MiB of the partition. */
const MOST_MANIFEST_BYTES = 8 * 1024 * 1024;
/** A signature of RSA-2048 takes 265 bytes of the message, and Flatcar's payloads have two. */
const MOST_SIGNATURES_BYTES = 64 * 1024;
const MAGIC = 'CrAU';
const VERSION = 1n;

/** Returns the length of the manifest that the first 20 bytes of a payload tell. */
export function manifestLength(header: Uint8Array): Result<number, LayoutFault> {
  if (new TextDecoder('latin1').decode(header.subarray(0, 4)) !== MAGIC) return err({ reason: 'payload-not-crau' });
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const version = view.getBigUint64(4);
  if (version !== VERSION)
    return err({ reason: 'payload-malformed', what: `its version is ${version}, and only 1 is known` });
  const length = view.getBigUint64(12);
  if (length === 0n || length > BigInt(MOST_MANIFEST_BYTES))
    return err({
      reason: 'payload-malformed',
      what: `its manifest has ${length} bytes, and may have 1 to ${MOST_MANIFEST_BYTES}`,
    });
  return ok(Number(length));
}

/** What a payload says that it holds: SHA-256 of each, 64 lower-case hexadecimal digits. */
export interface PayloadContent {
  /** Of the partition, or of the system extension, that it installs. */
  readonly partition?: string;
  readonly kernel?: string;
}

export interface PayloadLayout {
  /** How many bytes are signed: all that come before the signatures. */
  readonly signedBytes: number;
  readonly signaturesBytes: number;
  readonly content: PayloadContent;
}

/** Field numbers of DeltaArchiveManifest, InstallProcedure and InstallInfo (update_metadata.proto). */
const SIGNATURES_OFFSET = 4;
const SIGNATURES_SIZE = 5;
const NEW_PARTITION_INFO = 9;
const PROCEDURES = 10;
const PROCEDURE = { type: 1, newInfo: 4, kernel: 0n } as const;
const INFO_HASH = 2;

/** Returns the layout that `manifest` tells of a payload of `size` bytes. */
export function readLayout(manifest: Uint8Array, size: number): Result<PayloadLayout, LayoutFault> {
  const fields = readFields(manifest, [SIGNATURES_OFFSET, SIGNATURES_SIZE, NEW_PARTITION_INFO, PROCEDURES]);
  if (!fields.ok) return malformed(fields.error);
  const offset = lastOf(fields.value, SIGNATURES_OFFSET)?.value;
  const length = lastOf(fields.value, SIGNATURES_SIZE)?.value;
  if (offset === undefined || length === undefined || length === 0n) return err({ reason: 'payload-unsigned' });
  const signed = BigInt(HEADER_BYTES + manifest.length) + offset;
  if (signed + length !== BigInt(size)) return err({ reason: 'payload-wrong-length', declared: signed + length, size });
  if (length > BigInt(MOST_SIGNATURES_BYTES))
    return err({
      reason: 'payload-malformed',
      what: `its signatures have ${length} bytes, and may have ${MOST_SIGNATURES_BYTES}`,
    });
  const partition = hashOf(lastOf(fields.value, NEW_PARTITION_INFO)?.bytes);
  if (!partition.ok) return malformed(partition.error);
  const kernel = kernelOf(fields.value.filter(({ number }) => number === PROCEDURES).map(({ bytes }) => bytes));
  if (!kernel.ok) return malformed(kernel.error);
  return ok({
    signedBytes: Number(signed),
    signaturesBytes: Number(length),
    content: {
      ...(partition.value === undefined ? {} : { partition: partition.value }),
      ...(kernel.value === undefined ? {} : { kernel: kernel.value }),
    },
  });
}

function kernelOf(procedures: readonly (Uint8Array | undefined)[]): Result<string | undefined, string> {
  for (const procedure of procedures) {
    const fields = readFields(procedure ?? new Uint8Array(), [PROCEDURE.type, PROCEDURE.newInfo]);
    if (!fields.ok) return fields;
    if (lastOf(fields.value, PROCEDURE.type)?.value === PROCEDURE.kernel)
      return hashOf(lastOf(fields.value, PROCEDURE.newInfo)?.bytes);
  }
  return ok(undefined);
}

function hashOf(info: Uint8Array | undefined): Result<string | undefined, string> {
  if (info === undefined) return ok(undefined);
  const fields = readFields(info, [INFO_HASH]);
  if (!fields.ok) return fields;
  const hash = lastOf(fields.value, INFO_HASH)?.bytes;
  return ok(hash?.length === 32 ? toHex(hash) : undefined);
}

const malformed = (what: string): Result<never, LayoutFault> => err({ reason: 'payload-malformed', what });

/** Field numbers of Signatures and of Signature. */
const SIGNATURE = 1;
const SIGNATURE_DATA = 2;

/** Returns the signatures of the message at the end of a payload. Flatcar's payloads have two: ours is any of them. */
export function readSignatures(message: Uint8Array): Result<Uint8Array[], LayoutFault> {
  const fields = readFields(message, [SIGNATURE]);
  if (!fields.ok) return malformed(`its signatures: ${fields.error}`);
  const found: Uint8Array[] = [];
  for (const { number, bytes } of fields.value) {
    if (number !== SIGNATURE || bytes === undefined) continue;
    const signature = readFields(bytes, [SIGNATURE_DATA]);
    if (!signature.ok) return malformed(`its signatures: ${signature.error}`);
    const data = lastOf(signature.value, SIGNATURE_DATA)?.bytes;
    if (data !== undefined) found.push(data);
  }
  return found.length === 0 ? err({ reason: 'payload-unsigned' }) : ok(found);
}
