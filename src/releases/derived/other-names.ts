/**
 * The shapes of other files that tools fetch from Flatcar's servers, made of what is published here: channel-info.txt, lts-info and
 * releases-json. Flatcar signs none of the originals, so they are not passed through. No I/O.
 */
import type { Version } from '../model.ts';
import type { PublicIndex } from '../store/release-index.ts';

/** What an alias of a channel names, such as `current` or `current-2024`. */
export interface NamedRelease {
  readonly channel: string;
  readonly alias: string;
  readonly version: Version;
}

/** Returns lines such as `STABLE_CURRENT=4593.2.5` and `LTS_2024_CURRENT=4081.3.6`. */
export const channelInfo = (named: readonly NamedRelease[]): string =>
  named
    .map(({ channel, alias, version }) => {
      const year = alias.startsWith('current-') ? `_${alias.slice('current-'.length)}` : '';
      return `${channel.toUpperCase()}${year}_CURRENT=${version}\n`;
    })
    .join('');

/** Returns lines such as `4081:2024:supported`, one for each LTS stream that is mirrored here. */
export const ltsInfo = (named: readonly NamedRelease[]): string =>
  named
    .filter(({ channel, alias }) => channel === 'lts' && alias.startsWith('current-'))
    .map(({ alias, version }) => `${version.split('.')[0]}:${alias.slice('current-'.length)}:supported\n`)
    .join('');

interface FeedRelease {
  readonly channel: string;
  readonly architectures: readonly string[];
  /** As in the original: `2026-08-13 15:48:35 +0000`. */
  readonly release_date: string;
}

/**
 * Returns the object of releases-json/releases-{channel}.json: releases by version, and `current` as the original has it, without
 * a version of its own. Without `channel` it has the releases of all channels and no `current`.
 */
export function releasesJson(index: PublicIndex, channel: string | undefined, current: Version | undefined): object {
  const releases = new Map<string, FeedRelease>();
  for (const [name, boards] of Object.entries(index.channels)) {
    if (channel !== undefined && name !== channel) continue;
    for (const [board, versions] of Object.entries(boards)) {
      for (const [version, { publishedAt }] of Object.entries(versions)) {
        const known = releases.get(version);
        const architectures = [...(known?.architectures ?? []), board.replace(/-usr$/, '')].toSorted();
        const date = `${publishedAt.slice(0, 19).replace('T', ' ')} +0000`;
        releases.set(version, { channel: name, architectures, release_date: known?.release_date ?? date });
      }
    }
  }
  const named = current === undefined ? undefined : releases.get(current);
  return { ...Object.fromEntries(releases), ...(named === undefined ? {} : { current: named }) };
}
