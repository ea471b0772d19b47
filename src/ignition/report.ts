/** The report on a config: entries with a severity, a path and a place in the source. No I/O. */

export type Severity = 'error' | 'warning' | 'info';

/** Field names and list indexes from the top of the document. The path of the document itself is empty. */
export type Path = readonly (string | number)[];

/**
 * Finds the line and column of a path in the source, counted from 1; `undefined` when they are not known. They are those
 * of the value, or with `key` those of its name.
 */
export type Place = (path: Path, part?: 'key') => { readonly line: number; readonly column: number } | undefined;

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

interface Numbered {
  readonly entry: Entry;
  /** Counts all entries in the order in which they were added. */
  readonly number: number;
}

/**
 * Collects entries. `place` finds the line and column of a path in the source. Errors and other entries are kept apart,
 * so that no number of warnings can hide an error.
 */
export class Report {
  readonly #errors: Numbered[] = [];
  readonly #others: Numbered[] = [];
  #count = 0;
  #isFatal = false;

  readonly #place: Place;

  constructor(place: Place = () => undefined) {
    this.#place = place;
  }

  /** Adds an entry. `at` is its place; the default is that of the value at `path`, which is only looked for if needed. */
  add(severity: Severity, path: Path, message: string, at?: ReturnType<Place>): void {
    this.#keep(severity, () => ({ severity, path: pathText(path), message, ...(at ?? this.#place(path)) }));
  }

  /** Warns of a key that is not known. The entry stands at the key, not at its value. */
  warnOfKey(path: Path, message: string): void {
    this.#keep('warning', () => ({ severity: 'warning', path: pathText(path), message, ...this.#place(path, 'key') }));
  }

  /** Adds an entry of another report as it is. */
  addEntry(entry: Entry): void {
    this.#keep(entry.severity, () => entry);
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

  /** True when nothing was added. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /**
   * The entries so far, in the order in which they were added. When there are too many, errors stay before others, and
   * the last entry tells how many are missing.
   */
  get entries(): readonly Entry[] {
    const kept = [...this.#errors, ...this.#others.slice(0, MOST_ENTRIES - this.#errors.length)];
    const entries = kept.sort((one, other) => one.number - other.number).map(({ entry }) => entry);
    const dropped = this.#count - entries.length;
    if (dropped === 0) return entries;
    return [...entries, { severity: 'info', path: '$', message: `${dropped} more entries are not shown` }];
  }

  #keep(severity: Severity, entry: () => Entry): void {
    if (severity === 'error') this.#isFatal = true;
    const list = severity === 'error' ? this.#errors : this.#others;
    if (list.length < MOST_ENTRIES) {
      const made = entry();
      list.push({ entry: { ...made, message: clipped(made.message) }, number: this.#count });
    }
    this.#count += 1;
  }
}

/** A path or a message may quote a name of the config, which may be as long as the config. */
const MOST_CHARACTERS = 500;

/** Returns a text of at most 500 characters; a longer one is cut, and ends in three dots. */
const clipped = (text: string): string =>
  text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS - 3).toWellFormed()}...`;

/** Returns a path as text, its steps joined by dots; `$` for the document itself. A long one is cut. */
export const pathText = (path: Path): string => (path.length === 0 ? '$' : clipped(path.map(shortStep).join('.')));

/** Joining copies each step, so that a long one is cut before. */
const shortStep = (step: string | number): string | number =>
  typeof step === 'string' && step.length > MOST_CHARACTERS ? step.slice(0, MOST_CHARACTERS) : step;
