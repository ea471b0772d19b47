/** Finds what a machine follows by the track that it names (GROUP in /etc/flatcar/update.conf). No I/O. */
import { type Catalogue, serves } from '../releases/catalogue.ts';
import { type Alias, fitsChannel, isAliasName, type Pair, type Version } from '../releases/model.ts';

/** The groups of machines that were installed from early images name these ids (backend/pkg/omaha/omaha.go of flatcar/nebraska). */
const OLD_GROUPS: Readonly<Record<string, string>> = {
  '5b810680-e36a-4879-b98a-4f989e80b899': 'alpha',
  '3fe10490-dd73-4b49-b72a-28ac19acfcdc': 'beta',
  '9a2deb70-37be-4026-853f-bfdd6b347bbe': 'stable',
  'e641708d-fb48-4260-8bdf-ba2074a1147a': 'alpha',
  'd112ec01-ba34-4a9e-9d4b-9814a685f266': 'beta',
  '11a585f6-9418-4df0-8863-78b2fd3240f8': 'stable',
};

/** A name of a pair, such as `current` or a ring. */
export interface Followed extends Pair {
  readonly name: Alias;
}

/**
 * Returns what a track names: a channel stands for its `current`, `lts-2026` for the stream `current-2026`, `stable/prod` for a ring,
 * and `prod` alone for the ring of the channel of which the machine runs a release. `undefined` for anything else.
 */
export function followedBy(
  catalogue: Catalogue,
  { track, board, version }: { readonly track: string; readonly board: string; readonly version: Version | undefined },
): Followed | undefined {
  const named = (Object.hasOwn(OLD_GROUPS, track) ? OLD_GROUPS[track] : undefined) ?? track;
  const stream = /^lts-(\d{4})$/.exec(named)?.[1];
  if (stream !== undefined) return place(catalogue, 'lts', board, `current-${stream}`);
  const [channel = '', name, ...more] = named.split('/');
  if (more.length > 0) return undefined;
  if (name !== undefined) return place(catalogue, channel, board, name);
  if (catalogue.channels.includes(channel)) return place(catalogue, channel, board, 'current');
  const own = catalogue.channels.find((one) => version !== undefined && fitsChannel(one, version));
  return own === undefined ? undefined : place(catalogue, own, board, channel);
}

function place(catalogue: Catalogue, channel: string, board: string, name: string): Followed | undefined {
  if (!serves(catalogue, { channel, board }) || !isAliasName(name)) return undefined;
  return { channel, board, name: name as Alias };
}
