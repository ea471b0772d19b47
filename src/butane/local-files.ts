/** The files beside a Butane config, which its `local` fields name: butane's files directory. No I/O. */
import { err, ok, type Result } from '../shared/result.ts';

export type LocalEntry =
  | { readonly kind: 'file'; readonly bytes: Uint8Array<ArrayBuffer>; readonly isExecutable: boolean }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'directory' }
  /** A device, a socket or the like. */
  | { readonly kind: 'other' };

/** As Linux does (MAXSYMLINKS). */
const MOST_LINKS = 40;

export class LocalFiles {
  readonly #entries: ReadonlyMap<string, LocalEntry>;

  /** `entries` are by clean relative paths; the directory itself has the empty path. */
  constructor(entries: ReadonlyMap<string, LocalEntry>) {
    this.#entries = entries;
  }

  /** Returns the contents of the file at `path`, through symbolic links, or a message. */
  read(path: string): Result<Uint8Array<ArrayBuffer>, string> {
    const clean = cleanPath(path);
    if (clean === undefined) return err(OUTSIDE);
    const entry = this.#followed(clean, MOST_LINKS);
    if (entry === undefined) return err(`open ${path}: no such file beside the config`);
    return entry.kind === 'file' ? ok(entry.bytes) : err(`read ${path}: it is not a file`);
  }

  /** Returns what lies below a directory, by paths from there and in lexical order, or a message. */
  below(path: string): Result<[string, LocalEntry][], string> {
    const clean = cleanPath(path);
    if (clean === undefined) return err(OUTSIDE);
    const prefix = clean === '' ? '' : `${clean}/`;
    const inside = [...this.#entries].filter(([name]) => name !== '' && name.startsWith(prefix));
    const own = this.#entries.get(clean);
    if (inside.length === 0 && own === undefined) return err(`open ${path}: no such directory beside the config`);
    if (own !== undefined && own.kind !== 'directory') return err('root of tree must be a directory');
    return ok(inside.map(([name, entry]): [string, LocalEntry] => [name.slice(prefix.length), entry]).sort(byPath));
  }

  #followed(path: string, left: number): LocalEntry | undefined {
    const entry = this.#entries.get(path);
    if (entry?.kind !== 'link' || left === 0) return entry;
    const target = cleanPath(`${path.split('/').slice(0, -1).join('/')}/${entry.target}`);
    return target === undefined || entry.target.startsWith('/') ? undefined : this.#followed(target, left - 1);
  }
}

const OUTSIDE = 'local file path traverses outside the files directory';

/** The order of filepath.WalkDir in Go: by the names of each directory. */
function byPath([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  const [left, right] = [a.split('/'), b.split('/')];
  const at = left.findIndex((name, index) => name !== right[index]);
  if (at === -1) return left.length - right.length;
  const other = right[at];
  return other === undefined ? 1 : (left[at] ?? '') < other ? -1 : 1;
}

/** Returns a relative path without `.` and `..`; `undefined` for one that leaves the directory. */
export function cleanPath(path: string): string | undefined {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}
