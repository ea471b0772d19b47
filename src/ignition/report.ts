/** The report on a config: entries with a severity, a path and a place in the source. No I/O. */

export type Severity = 'error' | 'warning' | 'info';

/** Field names and list indexes from the top of the document. The path of the document itself is empty. */
export type Path = readonly (string | number)[];

/** Finds the line and column of a path in the source, counted from 1; `undefined` when they are not known. */
export type Place = (path: Path) => { readonly line: number; readonly column: number } | undefined;

export interface Entry {
  readonly severity: Severity;
  /** The path as text, such as `storage.files.0.path`; `$` for the document itself. */
  readonly path: string;
  readonly message: string;
  /** The line and column in the source, counted from 1; both are absent when the entry has no place there. */
  readonly line?: number;
  readonly column?: number;
}

/** A hostile config can cause an entry for each byte, and nobody reads more than this. */
const MOST_ENTRIES = 1000;

/** The two methods by which rules report. */
export type Findings = Pick<Report, 'error' | 'warn'>;

/** Collects entries. `place` finds the line and column of a path in the source. */
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

  /** The entries so far. When there were too many, the last one tells how many are missing. */
  get entries(): readonly Entry[] {
    if (this.#dropped === 0) return this.#kept;
    return [...this.#kept, { severity: 'info', path: '$', message: `${this.#dropped} more entries are not shown` }];
  }
}

/** Returns a path as text, its steps joined by dots; `$` for the document itself. */
export const pathText = (path: Path): string => (path.length === 0 ? '$' : path.join('.'));
