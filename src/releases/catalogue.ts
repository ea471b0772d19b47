/**
 * The channels, boards and streams of the configuration (CHANNELS, BOARDS, MIRROR), parsed once at the start. No I/O.
 */
import { err, ok, type Result } from '../shared/result.ts';
import { type Alias, isAlias, type Pair } from './model.ts';

/** An alias of a channel and board that MIRROR names; the poll follows it. */
export interface Stream extends Pair {
  readonly alias: Alias;
}

export interface Catalogue {
  readonly channels: readonly string[];
  readonly boards: readonly string[];
  /** Every channel with every board, in the order of the configuration. */
  readonly pairs: readonly Pair[];
  /** The entries of MIRROR. */
  readonly streams: readonly Stream[];
}

const NAME = /^[a-z0-9-]+$/;

/**
 * Parses an entry of MIRROR: `channel/board` (which means the alias `current`) or `channel/board/current-YYYY`. The
 * error is a text that names these two forms.
 */
export function parseStream(entry: string): Result<Stream, string> {
  const [channel = '', board = '', alias = 'current', ...others] = entry.split('/');
  const isStream = NAME.test(channel) && NAME.test(board) && isAlias(alias) && others.length === 0;
  return isStream ? ok({ channel, board, alias }) : err('must be channel/board or channel/board/current-YYYY');
}

/** Returns a stream in the form that MIRROR uses; the opposite of `parseStream`. */
export const streamEntry = ({ channel, board, alias }: Stream): string =>
  alias === 'current' ? `${channel}/${board}` : `${channel}/${board}/${alias}`;

/** Returns the catalogue of these channels, boards and streams; a pair is made of every channel with every board. */
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

/** True when the configuration names this channel and this board. */
export const serves = ({ channels, boards }: Catalogue, { channel, board }: Pair): boolean =>
  channels.includes(channel) && boards.includes(board);

/** Returns the aliases of a pair that MIRROR names. */
export const mirroredAliases = ({ streams }: Catalogue, { channel, board }: Pair): Alias[] =>
  streams.filter((stream) => stream.channel === channel && stream.board === board).map(({ alias }) => alias);

/** True when MIRROR names this alias of the pair. Any other alias follows upstream. */
export const isMirrored = (catalogue: Catalogue, pair: Pair, alias: Alias): boolean =>
  mirroredAliases(catalogue, pair).includes(alias);

/** Returns the pairs of a channel that have at least one stream in MIRROR. */
export const mirroredPairs = (catalogue: Catalogue, channel: string): Pair[] =>
  catalogue.pairs.filter((pair) => pair.channel === channel && mirroredAliases(catalogue, pair).length > 0);
