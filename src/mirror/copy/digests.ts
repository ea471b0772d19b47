/** Parses Flatcar's `.DIGESTS` files: a comment line names the hash, and `<hex>  <name>` lines follow. No I/O. */

const HASH_LINE = /^# (\S+) HASH$/;
const DIGEST_LINE = /^([0-9a-f]+) [ *](\S+)$/i;

/**
 * Returns the SHA-512 of each file name in `text`, in lower-case hexadecimal. In releases before 2022 one DIGESTS lists
 * several files. MD5 and SHA-1, which the file lists as well, are too weak and are ignored.
 */
export function parseDigests(text: string): ReadonlyMap<string, string> {
  const digests = new Map<string, string>();
  let hash = '';
  for (const line of text.split('\n')) {
    const heading = HASH_LINE.exec(line);
    if (heading?.[1] !== undefined) hash = heading[1];
    const [, digest = '', name = ''] = DIGEST_LINE.exec(line) ?? [];
    if (hash === 'SHA512' && digest.length === 128 && !digests.has(name)) digests.set(name, digest.toLowerCase());
  }
  return digests;
}
