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
}

/** The origins of leaves. A leaf is named by its path as text (`storage.files.0.path`). */
export class Origins {
  readonly #marks: Mark[] = [];
  #leaves: Map<string, Origin> | undefined;

  /** States that every leaf in `value` comes from `origin`. */
  mark(value: unknown, origin: Origin, path: Path): void {
    if (value !== undefined) this.#marks.push({ value, origin, path });
  }

  /** Cancels earlier marks at and below `path`. */
  forget(path: Path): void {
    this.#marks.push({ value: undefined, origin: undefined, path });
  }

  /** Returns the origin of a leaf, or `undefined` when the combined config has no such leaf. */
  of(path: string): Origin | undefined {
    this.#leaves ??= this.#computeLeaves();
    return this.#leaves.get(path);
  }

  #computeLeaves(): Map<string, Origin> {
    const leaves = new Map<string, Origin>();
    for (const { value, origin, path } of this.#marks) {
      const text = path.join('.');
      if (origin !== undefined) markLeaves(leaves, value, origin, text);
      else for (const leaf of leaves.keys()) if (`${leaf}.`.startsWith(`${text}.`)) leaves.delete(leaf);
    }
    return leaves;
  }
}

function markLeaves(leaves: Map<string, Origin>, value: unknown, origin: Origin, path: string): void {
  if (value === undefined) return;
  if (typeof value !== 'object' || value === null) {
    leaves.set(path, origin);
    return;
  }
  for (const [name, inner] of Object.entries(value))
    markLeaves(leaves, inner, origin, path === '' ? name : `${path}.${name}`);
}
