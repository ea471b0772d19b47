/** Makes the Atom feed of published releases (RFC 4287) from releases.json. No I/O, no clock. */
import type { PublicIndex } from '../store/release-index.ts';

const MOST_ENTRIES = 50;

/** Returns the feed as XML: the newest 50 publications, newest first. `origin` is this service's own URL. */
export function atomFeed(index: PublicIndex, origin: string): string {
  const entries = Object.entries(index.channels).flatMap(([channel, boards]) =>
    Object.entries(boards).flatMap(([board, releases]) =>
      Object.entries(releases).map(([version, { publishedAt, files }]) => ({
        publishedAt,
        files: Object.keys(files).length,
        title: `${channel} ${version} ${board}`,
        url: `${origin}/${channel}/${board}/${version}/`,
      })),
    ),
  );
  const newest = entries.sort((a, b) => b.publishedAt.localeCompare(a.publishedAt)).slice(0, MOST_ENTRIES);
  const lines = newest.map(({ publishedAt, files, title, url }) =>
    [
      '  <entry>',
      `    <id>${escapeXml(url)}</id>`,
      `    <title>${escapeXml(title)}</title>`,
      `    <updated>${publishedAt}</updated>`,
      `    <link href="${escapeXml(url)}"/>`,
      `    <summary>${files} files, every signature checked</summary>`,
      '  </entry>',
    ].join('\n'),
  );
  const updated = newest[0]?.publishedAt ?? index.updatedAt;
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom">',
    `  <id>${escapeXml(origin)}/feed.atom</id>`,
    '  <title>Flatcar releases mirrored here</title>',
    `  <updated>${updated}</updated>`,
    `  <link rel="self" href="${escapeXml(origin)}/feed.atom"/>`,
    '  <author><name>Flatcar Edge</name></author>',
    ...lines,
    '</feed>',
    '',
  ].join('\n');
}

const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
