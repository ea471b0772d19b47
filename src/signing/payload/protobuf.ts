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

/** Returns the fields of a message in their order; the error says what is wrong and at which byte. Groups are refused. */
export function readFields(message: Uint8Array): Result<Field[], string> {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let read = 0; read < LONGEST_VARINT; read += 1) {
      const byte = message[at];
      if (byte === undefined) return undefined;
      at += 1;
      value |= BigInt(byte & 0x7f) << BigInt(7 * read);
      if (byte < 0x80) return value < 1n << 64n ? value : undefined;
    }
    return undefined;
  };
  while (at < message.length) {
    const start = at;
    const key = varint();
    if (key === undefined) return err(`a field that begins at byte ${start} has no key`);
    const number = Number(key >> 3n);
    const wire = Number(key & 7n);
    if (number === 0) return err(`a field that begins at byte ${start} has the number 0`);
    if (wire === FIXED_64 || wire === FIXED_32) {
      at += wire === FIXED_64 ? 8 : 4;
      if (at > message.length) return err(`field ${number} at byte ${start} is cut off`);
      continue;
    }
    if (wire !== VARINT && wire !== BYTES)
      return err(`field ${number} at byte ${start} is of a kind that is not known`);
    const value = varint();
    if (value === undefined) return err(`field ${number} at byte ${start} has no value`);
    if (wire === VARINT) {
      fields.push({ number, value });
      continue;
    }
    if (value > BigInt(message.length - at)) return err(`field ${number} at byte ${start} is longer than its message`);
    const bytes = message.subarray(at, at + Number(value));
    at += bytes.length;
    fields.push({ number, value, bytes });
  }
  return ok(fields);
}

/** Returns the last field with this number, as protobuf wants it of one that is not repeated. */
export const lastOf = (fields: readonly Field[], number: number): Field | undefined =>
  fields.findLast((field) => field.number === number);
