/** The tokens of YAML as libyaml names them. No I/O. */
import type { Mark } from './cursor.ts';

export type TokenKind =
  | 'stream-end'
  | 'version-directive'
  | 'tag-directive'
  | 'document-start'
  | 'document-end'
  | 'block-list-start'
  | 'block-map-start'
  | 'block-end'
  | 'flow-list-start'
  | 'flow-list-end'
  | 'flow-map-start'
  | 'flow-map-end'
  | 'block-entry'
  | 'flow-entry'
  | 'key'
  | 'value'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'scalar';

export interface Token {
  readonly kind: TokenKind;
  readonly start: Mark;
  readonly end: Mark;
  /** The text of a scalar, the name of an anchor, the handle of a tag or of a tag directive, or a version. */
  readonly text: string;
  /** The rest of a tag behind its handle, or the prefix of a tag directive. */
  readonly suffix: string;
  /** True for a scalar that is neither quoted nor a block. */
  readonly isPlain: boolean;
}

/** Returns a token that has no text. */
export const bare = (kind: TokenKind, start: Mark, end: Mark): Token => ({
  kind,
  start,
  end,
  text: '',
  suffix: '',
  isPlain: false,
});
