/**
 * Directory listings in the format of Flatcar's Caddy servers. The HTML has one `href="./name"` in each line, which the
 * official mirror script looks for; programs can ask for JSON. No I/O.
 */

import { isUpdate, plainName, updateFile } from '../companions.ts';
import { filePath, type Pair, type ReleaseFile, type Version } from '../model.ts';
import { isProved, type Manifest } from '../store/manifest.ts';
import { lastChange, listsOf, madeText } from './digest-lists.ts';

export interface ListingEntry {
  readonly name: string;
  readonly size: number;
  /** ISO 8601, or null when no date is known. */
  readonly modified: string | null;
  readonly type: 'file' | 'directory';
  readonly url: string;
  readonly sha512?: string;
  /** Fingerprint of the subkey that signed the file. */
  readonly signedBy?: string;
  /** True for a file with a signature of its own, which was checked before the file was published. */
  readonly verified: boolean;
}

/** Returns the entry of a directory; `modified` is its date in ISO 8601. */
export function directoryEntry(name: string, parent: string, modified: string | null = null): ListingEntry {
  return { name: `${name}/`, size: 0, modified, type: 'directory', url: `${parent}${name}/`, verified: false };
}

/**
 * Returns the files of a published release, or with `ofUpdates` its update payloads, sorted by name. `urlVersion` is what
 * their URLs have in place of the version: the version itself, or the alias that the client asked for.
 */
export function releaseEntries(manifest: Manifest, pair: Pair, urlVersion: string, ofUpdates = false): ListingEntry[] {
  const pathOf = (file: string) => filePath({ ...pair, version: urlVersion as Version, file } satisfies ReleaseFile);
  const lists = listsOf(manifest, ofUpdates).map((name): ListingEntry => {
    const file = ofUpdates ? updateFile(name) : name;
    const size = madeText(manifest, file)?.length ?? 0;
    return { name, size, modified: lastChange(manifest), type: 'file', url: pathOf(file), verified: false };
  });
  const files = Object.entries(manifest.files)
    .filter(([name]) => isUpdate(name) === ofUpdates)
    .map(
      ([name, file]): ListingEntry => ({
        name: plainName(name),
        size: file.size,
        modified: file.modified ?? null,
        type: 'file',
        url: pathOf(name),
        sha512: file.sha512,
        ...(file.signedBy === undefined ? {} : { signedBy: file.signedBy }),
        verified: isProved(file),
      }),
    );
  return [...files, ...lists].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Returns the HTML page of a directory, one entry in each line. Scripts take the first quoted attribute of a line as
 * its link.
 */
export function listingHtml(path: string, entries: readonly ListingEntry[]): string {
  const lines = entries.map(({ name, size, modified, type }) => {
    const link = `<a href="./${escapeHtml(name)}">${escapeHtml(name)}</a>`;
    const bytes = type === 'file' ? ` <span class=size>${size}</span>` : '';
    const date = modified === null ? '' : ` <time>${escapeHtml(modified)}</time>`;
    return `<li>${link}${bytes}${date}</li>`;
  });
  const title = escapeHtml(path);
  return `${HEAD}\n<title>${title}</title>\n<main>\n<p><a href=../>Folder above</a></p>\n<h1>${title}</h1>\n<ul class=listing>\n${lines.join('\n')}\n</ul>\n</main>\n</html>\n`;
}

/** What else has an attribute has it without quotes, or scripts would take it for the link of an entry. */
const HEAD = [
  ...['<!doctype html>', '<html lang=en>', '<meta charset=utf-8>'],
  '<meta name=viewport content=width=device-width>',
  '<link rel=stylesheet href=/assets/style.css>',
].join('\n');

/** True when an Accept header prefers JSON to HTML (the subset of RFC 9110 section 12.5.1 that two types need). */
export function prefersJson(accept: string | null): boolean {
  const weights = new Map<string, number>();
  for (const range of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = range
      .toLowerCase()
      .split(';')
      .map((part) => part.trim());
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    if (!Number.isNaN(weight)) weights.set(type, weight);
  }
  const json = weights.get('application/json') ?? 0;
  const html = weights.get('text/html') ?? weights.get('text/*') ?? 0;
  return json > 0 && json >= html;
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
