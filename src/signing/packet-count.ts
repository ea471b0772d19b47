/** Counts the packets of OpenPGP data by their headers alone (RFC 9580 section 4.2). No I/O. */

/** Returns how many packets the bytes hold, or a number above `most` as soon as there are more. */
export function packetCount(bytes: Uint8Array, most: number): number {
  let count = 0;
  for (let at = 0; at < bytes.length && count <= most; count += 1) {
    const next = endOfPacket(bytes, at);
    // What is no packet ends the data, or is refused by whoever reads it.
    if (next === undefined || next <= at) return count + 1;
    at = next;
  }
  return count;
}

function endOfPacket(bytes: Uint8Array, at: number): number | undefined {
  const tag = bytes[at] ?? 0;
  if ((tag & 0x80) === 0) return undefined;
  return (tag & 0x40) === 0 ? endOfLegacy(bytes, at, tag & 3) : endOfBody(bytes, at + 1);
}

/** Returns the end of a packet with a header of the old form, whose tag says how long its length is. */
function endOfLegacy(bytes: Uint8Array, at: number, lengthType: number): number {
  // A length that is not told goes to the end.
  if (lengthType === 3) return bytes.length;
  const octets = 2 ** lengthType;
  return at + 1 + octets + numberAt(bytes, at + 1, octets);
}

/** Returns the end of a body with a length of the new form. A body in parts has a length for each of them. */
function endOfBody(bytes: Uint8Array, from: number): number {
  for (let at = from; ; ) {
    const first = bytes[at] ?? 0;
    if (first < 192) return at + 1 + first;
    if (first < 224) return at + 2 + (first - 192) * 256 + (bytes[at + 1] ?? 0) + 192;
    if (first === 255) return at + 5 + numberAt(bytes, at + 1, 4);
    at += 1 + 2 ** (first & 0x1f);
    if (at >= bytes.length) return bytes.length;
  }
}

function numberAt(bytes: Uint8Array, at: number, octets: number): number {
  let value = 0;
  for (let index = 0; index < octets; index += 1) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}
