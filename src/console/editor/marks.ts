/** What is said of the lines of a text. */

/** A remark on the text, at a line and a column that begin with 1. */
export interface Remark {
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** A line that has a colour and a name beside it. Lines are in their order, and begin with 1. */
export interface MarkedLine {
  readonly line: number;
  /** The class of its colour: `layer-base`, `line-added`. */
  readonly kind: string;
  readonly name: string;
}
