/** The Atom feed (RFC 4287) of what is published. */
import { describe, expect, it } from 'vitest';
import { atomFeed } from '../../src/releases/derived/feed.ts';
import type { PublicIndex } from '../../src/releases/store/release-index.ts';

const indexOf = (channels: object): PublicIndex =>
  ({ updatedAt: '2026-08-01T00:00:00Z', channels }) as unknown as PublicIndex;
const release = (publishedAt: string, count = 1) => ({
  publishedAt,
  files: Object.fromEntries(Array.from({ length: count }, (_, index) => [`file-${index}`, {}])),
});
const titles = (feed: string) => [...feed.matchAll(/ {4}<title>(.*)<\/title>/g)].map((match) => match[1]);

describe('the feed', () => {
  const feed = atomFeed(
    indexOf({
      stable: {
        'amd64-usr': { '4593.2.5': release('2026-08-13T00:00:00Z', 3), '4593.2.4': release('2026-07-13T00:00:00Z') },
      },
      lts: { 'arm64-usr': { '4081.3.1': release('2026-08-01T00:00:00Z') } },
    }),
    'https://edge.example',
  );

  it('has the newest publication first, of whichever channel', () => {
    expect(titles(feed)).toEqual(['stable 4593.2.5 amd64-usr', 'lts 4081.3.1 arm64-usr', 'stable 4593.2.4 amd64-usr']);
    expect(/ {2}<updated>(.*)</.exec(feed)?.[1]).toBe('2026-08-13T00:00:00Z');
  });
  it('names each release by its URL, and says how many files it has', () => {
    expect(feed).toContain('<id>https://edge.example/stable/amd64-usr/4593.2.5/</id>');
    expect(feed).toContain('<link href="https://edge.example/stable/amd64-usr/4593.2.5/"/>');
    expect(feed).toContain('<summary>3 files, every signature checked</summary>');
  });
  it('without a release is a feed all the same, of the time of its index', () => {
    const empty = atomFeed(indexOf({}), 'https://edge.example');
    expect(titles(empty)).toEqual([]);
    expect(/<updated>(.*)<\/updated>/.exec(empty)?.[1]).toBe('2026-08-01T00:00:00Z');
  });
  it('ends after fifty', () => {
    const many = Object.fromEntries(
      Array.from({ length: 60 }, (_, day) => [`1.2.${day}`, release(new Date(day * 86_400_000).toISOString())]),
    );
    const shown = titles(atomFeed(indexOf({ stable: { 'amd64-usr': many } }), 'https://edge.example'));
    expect([shown.length, shown[0], shown[49]]).toEqual([50, 'stable 1.2.59 amd64-usr', 'stable 1.2.10 amd64-usr']);
  });
  it('keeps XML whole, whatever the host and the channel are called', () => {
    const odd = atomFeed(
      indexOf({ 'a<b>&"': { 'amd64-usr': { '1.2.3': release('2026-08-13T00:00:00Z') } } }),
      'https://x.example/?a&b=<c>',
    );
    expect(odd.replace(/<\/?[a-z]+( [a-z]+="[^"<>]*")*\/?>|<\?xml version="1.0" encoding="utf-8"\?>/g, '')).not.toMatch(
      /[<>]|&(?!#\d+;)/,
    );
  });
});
