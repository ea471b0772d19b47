/** Which input each part of a combined config came from. No I/O. */

export type Origin = 'parent' | 'child';

type Path = readonly (string | number)[];

/** Origins of leaves, by path text (`storage.files.0.path`). */
export class Origins {
  readonly #byPath = new Map<string, Origin>();

  /** Every leaf below `value` came from one side. */
  mark(value: unknown, origin: Origin, path: Path): void {
    this.#mark(value, origin, path.join('.'));
  }

  /** Nothing at or below `path` is known any more. */
  forget(path: Path): void {
    const text = path.join('.');
    for (const known of this.#byPath.keys()) {
      if (known === text || known.startsWith(`${text}.`)) this.#byPath.delete(known);
    }
  }

  /** `undefined` for what is no leaf of the combined config. */
  of(path: string): Origin | undefined {
    return this.#byPath.get(path);
  }

  #mark(value: unknown, origin: Origin, path: string): void {
    if (value === undefined) return;
    if (typeof value !== 'object' || value === null) {
      this.#byPath.set(path, origin);
      return;
    }
    for (const [name, inner] of Object.entries(value))
      this.#mark(inner, origin, path === '' ? name : `${path}.${name}`);
  }
}
