/** Which input each part of a combined config came from. Told on request: a machine that boots does not ask. No I/O. */

export type Origin = 'parent' | 'child';

type Path = readonly (string | number)[];

interface Mark {
  readonly value: unknown;
  /** `undefined`: nothing at or below the path is known any more. */
  readonly origin: Origin | undefined;
  readonly path: Path;
}

/** Origins of leaves, by path text (`storage.files.0.path`). */
export class Origins {
  readonly #marks: Mark[] = [];
  #leaves: Map<string, Origin> | undefined;

  /** Every leaf below `value` came from one side. */
  mark(value: unknown, origin: Origin, path: Path): void {
    if (value !== undefined) this.#marks.push({ value, origin, path });
  }

  /** Nothing at or below `path` is known any more. */
  forget(path: Path): void {
    this.#marks.push({ value: undefined, origin: undefined, path });
  }

  /** `undefined` for what is no leaf of the combined config. */
  of(path: string): Origin | undefined {
    this.#leaves ??= this.#tell();
    return this.#leaves.get(path);
  }

  #tell(): Map<string, Origin> {
    const leaves = new Map<string, Origin>();
    for (const { value, origin, path } of this.#marks) {
      const text = path.join('.');
      if (origin !== undefined) markLeaves(leaves, value, origin, text);
      else for (const known of leaves.keys()) if (`${known}.`.startsWith(`${text}.`)) leaves.delete(known);
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
