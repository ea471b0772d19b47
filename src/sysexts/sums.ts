/** Reads a SHA256SUMS, as `sha256sum` writes it and systemd-sysupdate reads it. No I/O. */
import { err, ok, type Result } from '../shared/result.ts';

const LINE = /^([0-9a-f]{64}) [ *]([A-Za-z0-9][A-Za-z0-9._+~-]{0,199})$/;
const MOST_FILES = 5000;

/**
 * Returns the SHA-256 of each file by its name. A line that is none, or a name that comes twice, is an error: what cannot be
 * understood whole is not trusted in parts.
 */
export function parseSums(text: string): Result<ReadonlyMap<string, string>, string> {
  const sums = new Map<string, string>();
  for (const [at, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const [, digest = '', name = ''] = LINE.exec(line) ?? [];
    if (name === '') return err(`line ${at + 1} is no digest with a file name`);
    if (sums.has(name)) return err(`line ${at + 1} names a file twice`);
    if (sums.size >= MOST_FILES) return err(`it names more than ${MOST_FILES} files`);
    sums.set(name, digest);
  }
  return sums.size === 0 ? err('it names no file') : ok(sums);
}
