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
    const entry = this.#entries.get(this.#followed(clean) ?? NOWHERE);
    if (entry === undefined) return err(`open ${path}: no such file beside the config`);
    return entry.kind === 'file' ? ok(entry.bytes) : err(`read ${path}: it is not a file`);
  }

  /** Returns what lies below a directory, by paths from there and in lexical order, or a message. */
  below(path: string): Result<[string, LocalEntry][], string> {
    const asked = cleanPath(path);
    if (asked === undefined) return err(OUTSIDE);
    // The root of a tree is not followed itself: butane takes a link there for what is no directory.
    const folder = this.#followed(asked.split('/').slice(0, -1).join('/')) ?? NOWHERE;
    const clean = cleanPath(`${folder}/${asked.split('/').at(-1) ?? ''}`) ?? NOWHERE;
    const prefix = clean === '' ? '' : `${clean}/`;
    const inside = [...this.#entries].filter(([name]) => name !== '' && name.startsWith(prefix));
    const own = this.#entries.get(clean);
    if (inside.length === 0 && own === undefined) return err(`open ${path}: no such directory beside the config`);
    if (own !== undefined && own.kind !== 'directory') return err('root of tree must be a directory');
    return ok(inside.map(([name, entry]): [string, LocalEntry] => [name.slice(prefix.length), entry]).sort(byPath));
  }

  /** Returns where a path leads through symbolic links; `undefined` where one leads out of the directory, or in a circle. */
  #followed(path: string): string | undefined {
    let rest = path.split('/').filter((part) => part !== '');
    let at = '';
    for (let links = 0; links <= MOST_LINKS; ) {
      const [name, ...others] = rest;
      if (name === undefined) return at;
      const next = at === '' ? name : `${at}/${name}`;
      const entry = this.#entries.get(next);
      rest = others;
      if (entry?.kind !== 'link') {
        at = next;
        continue;
      }
      links += 1;
      const target = entry.target.startsWith('/') ? undefined : cleanPath(`${at}/${entry.target}`);
      if (target === undefined) return undefined;
      rest = [...target.split('/').filter((part) => part !== ''), ...others];
      at = '';
    }
    return undefined;
  }
}

/** No entry has this path. */
const NOWHERE = '/';
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
