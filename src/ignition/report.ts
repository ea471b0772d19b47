/** What a look at a config has to say: entries with severity, path and place in the source. No I/O. */

export type Severity = 'error' | 'warning' | 'info';

/** Field names and list indexes from the top; empty for the document itself. */
export type Path = readonly (string | number)[];

/** Where a part of the document stands in its text, from 1; `undefined` where nobody knows. */
export type Place = (path: Path) => { readonly line: number; readonly column: number } | undefined;

export interface Entry {
  readonly severity: Severity;
  /** `storage.files.0.path`; `$` for the document itself. */
  readonly path: string;
  readonly message: string;
  /** Where it stands in the source text, from 1; absent for what was never text. */
  readonly line?: number;
  readonly column?: number;
}

/** A hostile config can earn an entry a byte; nobody reads more than this. Errors are counted whether kept or not. */
const MOST_ENTRIES = 1000;

/** What the rules write to. */
export type Findings = Pick<Report, 'error' | 'warn'>;

/** Entries gathered on the way; `place` finds where a path stands in the source. */
export class Report {
  readonly #kept: Entry[] = [];
  #dropped = 0;
  #isFatal = false;

  readonly #place: Place;

  constructor(place: Place = () => undefined) {
    this.#place = place;
  }

  add(severity: Severity, path: Path, message: string): void {
    if (severity === 'error') this.#isFatal = true;
    if (this.#kept.length < MOST_ENTRIES)
      this.#kept.push({ severity, path: pathText(path), message, ...this.#place(path) });
    else this.#dropped += 1;
  }

  error(path: Path, message: string): void {
    this.add('error', path, message);
  }

  warn(path: Path, message: string): void {
    this.add('warning', path, message);
  }

  get isFatal(): boolean {
    return this.#isFatal;
  }

  /** The entries so far; the last one says how many more there were. */
  get entries(): readonly Entry[] {
    if (this.#dropped === 0) return this.#kept;
    return [...this.#kept, { severity: 'info', path: '$', message: `${this.#dropped} more entries are not shown` }];
  }
}

/** Dots between names and decimal indexes. */
export const pathText = (path: Path): string => (path.length === 0 ? '$' : path.join('.'));
