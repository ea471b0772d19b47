/** Directory listings, as Caddy's were: HTML with one `href="./name"` a line for the mirror script, JSON for programs. No I/O. */

import { filePath, type Pair, type ReleaseFile, type Version } from '../model.ts';
import type { Manifest } from '../store/manifest.ts';

export interface ListingEntry {
  readonly name: string;
  readonly size: number;
  /** ISO 8601; null where there is no date. */
  readonly modified: string | null;
  readonly type: 'file' | 'directory';
  readonly url: string;
  readonly sha512?: string;
  /** Fingerprint of the subkey. */
  readonly signedBy?: string;
  /** True for a file whose own signature was checked before it could be read. */
  readonly verified: boolean;
}

/** A directory that holds others; `modified` where a release was published. */
export function directoryEntry(name: string, parent: string, modified: string | null = null): ListingEntry {
  return { name: `${name}/`, size: 0, modified, type: 'directory', url: `${parent}${name}/`, verified: false };
}

/** The files of a published release, by name; `underAlias` keeps the alias in their URLs. */
export function releaseEntries(manifest: Manifest, pair: Pair, shown: string): ListingEntry[] {
  return Object.entries(manifest.files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { size, sha512, signedBy, modified }]) => ({
      name,
      size,
      modified: modified ?? null,
      type: 'file',
      url: filePath({ ...pair, version: shown as Version, file: name } satisfies ReleaseFile),
      sha512,
      ...(signedBy === undefined ? {} : { signedBy }),
      verified: signedBy !== undefined,
    }));
}

/** One entry a line; the first quoted attribute of a line is the link, which is what scripts look for. */
export function listingHtml(path: string, entries: readonly ListingEntry[]): string {
  const lines = entries.map(({ name, size, modified, type }) => {
    const facts = type === 'file' ? ` ${size} ${modified ?? ''}` : ` ${modified ?? ''}`;
    return `<li><a href="./${escapeHtml(name)}">${escapeHtml(name)}</a>${escapeHtml(facts.trimEnd())}</li>`;
  });
  const title = escapeHtml(path);
  return `<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<title>${title}</title>\n<h1>${title}</h1>\n<ul>\n${lines.join('\n')}\n</ul>\n</html>\n`;
}

/** True when an Accept header asks for JSON rather than HTML (RFC 9110 section 12.5.1, as far as two types need it). */
export function prefersJson(accept: string | null): boolean {
  const weights = new Map<string, number>();
  for (const part of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    if (!Number.isNaN(weight)) weights.set(type, weight);
  }
  const json = weights.get('application/json') ?? 0;
  const html = weights.get('text/html') ?? weights.get('text/*') ?? 0;
  return json > 0 && json >= html;
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
