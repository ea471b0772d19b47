/** Flatcar's `.DIGESTS` files: a comment line naming the hash, then `<hex>  <name>` lines. No I/O. */

const HASH_LINE = /^# (\S+) HASH$/;
const DIGEST_LINE = /^([0-9a-f]+) [ *](\S+)$/i;

/**
 * The SHA-512 values by file name, lower-case. Releases before 2022 list several files in one DIGESTS, so it goes by name;
 * MD5 and SHA-1 stand beside them and prove nothing.
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
