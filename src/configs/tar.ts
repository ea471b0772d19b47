/**
 * Reads a tar archive into a tree of files (POSIX pax and ustar, and GNU's long names, as tar and bsdtar write them). It is
 * read in memory, in linear time. No I/O.
 */
import { cleanPath, type LocalEntry } from '../butane/local-files.ts';
import { err, ok, type Result } from '../shared/result.ts';

const BLOCK = 512;
/** Nobody sends more files with a config. */
const MOST_ENTRIES = 10_000;
const MAGIC_AT = 257;
const MAGIC = 'ustar';
const ANY_EXECUTABLE = 0o111;

/** What headers say of the entry that follows them. */
interface Names {
  path?: string;
  link?: string;
  isSparse?: boolean;
}

/** Returns true for bytes that begin as a tar archive does. */
export const isTar = (bytes: Uint8Array): boolean =>
  bytes.length >= BLOCK && textOf(bytes.subarray(MAGIC_AT, MAGIC_AT + MAGIC.length)) === MAGIC;

/** Returns the entries of an archive by their clean relative paths, or a message that says why it cannot be read. */
export function readTar(bytes: Uint8Array<ArrayBuffer>): Result<Map<string, LocalEntry>, string> {
  const entries = new Map<string, LocalEntry>();
  let named: Names = {};
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return ok(entries);
    if (!isChecked(header)) return err('the tar is broken: a header has a wrong checksum');
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === 'S' || named.isSparse === true) return err('the tar has sparse files: pack it without --sparse');
    const size = octal(header, 124, 12);
    if (size < 0) return err('the tar has a file that is too large');
    const data = bytes.slice(at + BLOCK, at + BLOCK + size);
    if (data.length < size) return err('the tar is cut short');
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'L') named.path = cString(data);
    else if (type === 'K') named.link = cString(data);
    else if (type === 'x') named = { ...named, ...paxNames(data) };
    else if (type !== 'g') {
      const path = cleanPath(named.path ?? nameOf(header));
      if (path === undefined) return err(`the tar names a path outside of it: ${named.path ?? nameOf(header)}`);
      const entry = entryOf(type, header, data, named.link);
      // A second name of a file that has come before.
      const linked = type === '1' ? entries.get(cleanPath(named.link ?? linkOf(header)) ?? '') : undefined;
      entries.set(path, linked ?? entry);
      if (entries.size > MOST_ENTRIES) return err(`the tar has over ${MOST_ENTRIES} entries`);
      named = {};
    }
  }
  return err('the tar is cut short');
}

function entryOf(
  type: string,
  header: Uint8Array,
  bytes: Uint8Array<ArrayBuffer>,
  link: string | undefined,
): LocalEntry {
  if (type === '5') return { kind: 'directory' };
  if (type === '2') return { kind: 'link', target: link ?? linkOf(header) };
  if (type !== '0' && type !== '\0' && type !== '7') return { kind: 'other' };
  return { kind: 'file', bytes, isExecutable: (octal(header, 100, 8) & ANY_EXECUTABLE) !== 0 };
}

const linkOf = (header: Uint8Array): string => cString(header.subarray(157, 257));

function nameOf(header: Uint8Array): string {
  const prefix = cString(header.subarray(345, 500));
  const name = cString(header.subarray(0, 100));
  // GNU's own format has other fields where ustar has the prefix.
  return prefix === '' || header[263] !== 0x30 ? name : `${prefix}/${name}`;
}

/** Returns the names that a pax header gives to the next entry: records of `LENGTH KEY=VALUE\n`. */
function paxNames(data: Uint8Array): Names {
  const names: Names = {};
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const length = space === -1 ? 0 : Number(textOf(data.subarray(at, space)));
    if (!Number.isInteger(length) || length <= space - at) return names;
    const record = textOf(data.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    const value = record.slice(equals + 1);
    if (record.startsWith('path=')) names.path = value;
    if (record.startsWith('linkpath=')) names.link = value;
    if (record.startsWith('GNU.sparse.')) names.isSparse = true;
    at += length;
  }
  return names;
}

/** Compares the sum of all bytes, with the field of the sum as spaces. */
function isChecked(header: Uint8Array): boolean {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  return sum === octal(header, 148, 8);
}

/** Returns the number in a field, or -1. */
function octal(header: Uint8Array, at: number, length: number): number {
  const text = cString(header.subarray(at, at + length)).trim();
  return /^[0-7]{1,11}$/.test(text) ? Number.parseInt(text, 8) : text === '' ? 0 : -1;
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function cString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return textOf(end === -1 ? bytes : bytes.subarray(0, end));
}
