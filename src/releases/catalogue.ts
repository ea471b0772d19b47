/** What this service is configured to serve and to mirror, parsed once at the door (CHANNELS, BOARDS, MIRROR). No I/O. */
import { err, ok, type Result } from '../shared/result.ts';
import { type Alias, isAlias, type Pair } from './model.ts';

/** What the poll follows: an alias of a channel and board. */
export interface Stream extends Pair {
  readonly alias: Alias;
}

export interface Catalogue {
  readonly channels: readonly string[];
  readonly boards: readonly string[];
  /** Every channel with every board, in the order of the configuration. */
  readonly pairs: readonly Pair[];
  /** What MIRROR names. */
  readonly streams: readonly Stream[];
}

const NAME = /^[a-z0-9-]+$/;

/** An entry of MIRROR: `channel/board`, which means `current`, or `channel/board/current-YYYY`. The error says what it must be. */
export function parseStream(entry: string): Result<Stream, string> {
  const [channel = '', board = '', alias = 'current', ...others] = entry.split('/');
  const isStream = NAME.test(channel) && NAME.test(board) && isAlias(alias) && others.length === 0;
  return isStream ? ok({ channel, board, alias }) : err('must be channel/board or channel/board/current-YYYY');
}

/** A stream as MIRROR writes it. */
export const streamEntry = ({ channel, board, alias }: Stream): string =>
  alias === 'current' ? `${channel}/${board}` : `${channel}/${board}/${alias}`;

/** The catalogue of these channels, boards and streams. */
export function makeCatalogue(
  channels: readonly string[],
  boards: readonly string[],
  streams: readonly Stream[],
): Catalogue {
  return {
    channels,
    boards,
    streams,
    pairs: channels.flatMap((channel) => boards.map((board) => ({ channel, board }))),
  };
}

/** True for a channel and board that are served here. */
export const serves = ({ channels, boards }: Catalogue, { channel, board }: Pair): boolean =>
  channels.includes(channel) && boards.includes(board);

/** The aliases of a pair that are ours to mirror. */
export const mirroredAliases = ({ streams }: Catalogue, { channel, board }: Pair): Alias[] =>
  streams.filter((stream) => stream.channel === channel && stream.board === board).map(({ alias }) => alias);

/** True when this very alias is ours to mirror; one that is not follows upstream. */
export const isMirrored = (catalogue: Catalogue, pair: Pair, alias: Alias): boolean =>
  mirroredAliases(catalogue, pair).includes(alias);

/** The pairs of a channel of which something is mirrored. */
export const mirroredPairs = (catalogue: Catalogue, channel: string): Pair[] =>
  catalogue.pairs.filter((pair) => pair.channel === channel && mirroredAliases(catalogue, pair).length > 0);
