/** Checks the packet framing of a detached signature (RFC 9580 section 4.2). No I/O. */
import { err, ok, type Result } from '../shared/result.ts';
import { packetText } from './openpgp-names.ts';

export type FramingFault =
  | { readonly reason: 'signature-empty' }
  | { readonly reason: 'signature-malformed'; readonly detail: string }
  | { readonly reason: 'several-signature-packets' };

const SIGNATURE_TAG = 2;

/**
 * Checks that `bytes` are exactly one signature packet. OpenPGP programs skip packets that they do not know, each in
 * its own way. So nothing else may stand before or after that packet.
 */
export function requireOneSignaturePacket(bytes: Uint8Array): Result<undefined, FramingFault> {
  if (bytes.length === 0) return err({ reason: 'signature-empty' });
  const header = readHeader(bytes);
  if (header === undefined) return err({ reason: 'signature-malformed', detail: 'no packet header' });
  if (header.tag !== SIGNATURE_TAG) {
    return err({ reason: 'signature-malformed', detail: packetText(header.tag) });
  }
  if (header.end > bytes.length) return err({ reason: 'signature-malformed', detail: 'truncated' });
  if (header.end === bytes.length) return ok(undefined);
  const next = readHeader(bytes.subarray(header.end));
  if (next?.tag === SIGNATURE_TAG) return err({ reason: 'several-signature-packets' });
  return err({ reason: 'signature-malformed', detail: 'trailing bytes' });
}

/**
 * Reads the tag of the first packet and where it ends. Returns `undefined` for a malformed header, and for partial or
 * indeterminate lengths, which only data packets may have.
 */
function readHeader(bytes: Uint8Array): { tag: number; end: number } | undefined {
  const [first = 0, ...rest] = bytes.subarray(0, 6);
  if ((first & 0x80) === 0) return undefined;
  const isNewFormat = (first & 0x40) !== 0;
  if (!isNewFormat) {
    const width = [1, 2, 4][first & 0x03];
    if (width === undefined || rest.length < width) return undefined;
    return { tag: (first >> 2) & 0x0f, end: 1 + width + bigEndian(rest.slice(0, width)) };
  }
  const tag = first & 0x3f;
  const [length = 0, second = 0] = rest;
  if (rest.length < 1) return undefined;
  if (length < 192) return { tag, end: 2 + length };
  if (length < 224) return { tag, end: 3 + ((length - 192) << 8) + second + 192 };
  if (length !== 255 || rest.length < 5) return undefined;
  return { tag, end: 6 + bigEndian(rest.slice(1, 5)) };
}

const bigEndian = (octets: readonly number[]): number => octets.reduce((value, octet) => value * 256 + octet, 0);
