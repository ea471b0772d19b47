/**
 * Reads the fields of one protobuf message (https://protobuf.dev/programming-guides/encoding/), as far as the manifest of an update
 * payload needs it: numbers and bytes. It reads each byte once, and nothing outside of the message. No I/O.
 */
import { err, ok, type Result } from '../../shared/result.ts';

export interface Field {
  readonly number: number;
  /** The value of a varint, or the length of the bytes. At most 2^64 - 1. */
  readonly value: bigint;
  /** Set for a field of bytes: a view, not a copy. */
  readonly bytes?: Uint8Array;
}

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;
const LONGEST_VARINT = 10;
/** As many bytes of a varint as make a number that is exact. */
const SMALL_BYTES = 7;

/** More fields than this of the wanted numbers are an attempt to fill the memory. */
const MOST_FIELDS = 1000;

/**
 * Returns those fields of a message whose numbers are in `wanted`, in their order; the others are stepped over. The error says what is
 * wrong and at which byte. Groups are refused.
 */
export function readFields(message: Uint8Array, wanted: readonly number[]): Result<Field[], string> {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number | bigint | undefined => {
    const start = at;
    let end = start;
    while (end < start + LONGEST_VARINT && (message[end] ?? 0) >= 0x80) end += 1;
    if (end === start + LONGEST_VARINT || end >= message.length) return undefined;
    at = end + 1;
    let small = 0;
    if (end - start < SMALL_BYTES) {
      for (let byte = end; byte >= start; byte -= 1) small = small * 128 + ((message[byte] ?? 0) & 0x7f);
      return small;
    }
    let large = 0n;
    for (let byte = end; byte >= start; byte -= 1) large = large * 128n + BigInt((message[byte] ?? 0) & 0x7f);
    return large < 1n << 64n ? large : undefined;
  };
  while (at < message.length) {
    const start = at;
    const key = Number(varint() ?? 0);
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (number === 0) return err(`a field that begins at byte ${start} has no number`);
    if (wire === FIXED_64 || wire === FIXED_32) {
      at += wire === FIXED_64 ? 8 : 4;
      if (at > message.length) return err(`field ${number} at byte ${start} is cut off`);
      continue;
    }
    if (wire !== VARINT && wire !== BYTES)
      return err(`field ${number} at byte ${start} is of a kind that is not known`);
    const value = varint();
    if (value === undefined) return err(`field ${number} at byte ${start} has no value`);
    const isWanted = wanted.includes(number);
    if (isWanted && fields.length === MOST_FIELDS) return err(`it has more than ${MOST_FIELDS} fields`);
    if (wire === VARINT) {
      if (isWanted) fields.push({ number, value: BigInt(value) });
      continue;
    }
    if (value > message.length - at) return err(`field ${number} at byte ${start} is longer than its message`);
    const bytes = message.subarray(at, at + Number(value));
    at += bytes.length;
    if (isWanted) fields.push({ number, value: BigInt(value), bytes });
  }
  return ok(fields);
}

/** Returns the last field with this number, as protobuf wants it of one that is not repeated. */
export const lastOf = (fields: readonly Field[], number: number): Field | undefined =>
  fields.findLast((field) => field.number === number);
