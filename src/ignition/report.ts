/** What a look at a config has to say: entries with severity, path and place in the source. No I/O. */

export type Severity = 'error' | 'warning' | 'info';

/** Field names and list indexes from the top; empty for the document itself. */
export type Path = readonly (string | number)[];

export interface Entry {
  readonly severity: Severity;
  /** `storage.files.0.path`; `$` for the document itself. */
  readonly path: string;
  readonly message: string;
  /** Where it stands in the source text, from 1; absent for what was never text. */
  readonly line?: number;
  readonly column?: number;
}

/** Entries gathered on the way; `place` finds where a path stands in the source. */
export class Report {
  readonly entries: Entry[] = [];

  constructor(private readonly place: (path: Path) => { line: number; column: number } | undefined = () => undefined) {}

  add(severity: Severity, path: Path, message: string): void {
    this.entries.push({ severity, path: pathText(path), message, ...this.place(path) });
  }

  error(path: Path, message: string): void {
    this.add('error', path, message);
  }

  warn(path: Path, message: string): void {
    this.add('warning', path, message);
  }

  get isFatal(): boolean {
    return this.entries.some(({ severity }) => severity === 'error');
  }
}

/** Dots between names and decimal indexes. */
const pathText = (path: Path): string => (path.length === 0 ? '$' : path.join('.'));
