/** Values that are made when they are first asked for. An isolate that only boots machines never needs most schemas. No I/O. */

/** Returns a function that makes the value at its first call, and returns the same one ever after. */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
