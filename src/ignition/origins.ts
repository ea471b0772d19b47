/**
 * Remembers from which input each leaf of a combined config comes. The leaves are computed on request, because only
 * `explain` needs them and a boot must be fast. No I/O.
 */

export type Origin = 'parent' | 'child';

type Path = readonly (string | number)[];

interface Mark {
  readonly value: unknown;
  /** With `undefined`, this mark cancels earlier marks at and below the path. */
  readonly origin: Origin | undefined;
  readonly path: Path;
  /** Where the value stands in its input, if it stands elsewhere: a removal moves what comes after it. */
  readonly from: Path | undefined;
}

/** The input that a leaf comes from, and its path there. */
interface Place {
  readonly origin: Origin;
  readonly path: string;
}

/** The origins of leaves. A leaf is named by its path as text (`storage.files.0.path`). */
export class Origins {
  readonly #marks: Mark[] = [];
  #leaves: Map<string, Place> | undefined;

  /** States that every leaf in `value` comes from `origin`, where it stands at `from`, or at the same path. */
  mark(value: unknown, origin: Origin, path: Path, from?: Path): void {
    if (value !== undefined) this.#marks.push({ value, origin, path, from });
  }

  /** Cancels earlier marks at and below `path`. */
  forget(path: Path): void {
    this.#marks.push({ value: undefined, origin: undefined, path, from: undefined });
  }

  /** Returns where a leaf comes from, or `undefined` when the combined config has no such leaf. */
  of(path: string): Place | undefined {
    this.#leaves ??= this.#computeLeaves();
    return this.#leaves.get(path);
  }

  #computeLeaves(): Map<string, Place> {
    const leaves = new Map<string, Place>();
    for (const { value, origin, path, from } of this.#marks) {
      const text = path.join('.');
      if (origin !== undefined) markLeaves(leaves, value, origin, text, from?.join('.') ?? text);
      else for (const leaf of leaves.keys()) if (`${leaf}.`.startsWith(`${text}.`)) leaves.delete(leaf);
    }
    return leaves;
  }
}

function markLeaves(leaves: Map<string, Place>, value: unknown, origin: Origin, path: string, from: string): void {
  if (value === undefined) return;
  if (typeof value !== 'object' || value === null) {
    leaves.set(path, { origin, path: from });
    return;
  }
  const below = (parent: string, name: string) => (parent === '' ? name : `${parent}.${name}`);
  for (const [name, inner] of Object.entries(value))
    markLeaves(leaves, inner, origin, below(path, name), below(from, name));
}
