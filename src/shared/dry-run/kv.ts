/** A KV namespace for dry runs: reads go to the real one, and what is written is dropped. A copy decides nothing. */

/** Returns a namespace that reads `namespace` and writes nothing to it. */
export function dryNamespace(namespace: KVNamespace): KVNamespace {
  const dry = {
    get: (key: string) => namespace.get(key),
    getWithMetadata: (key: string) => namespace.getWithMetadata(key),
    put: async () => undefined,
    delete: async () => undefined,
  };
  return dry as unknown as KVNamespace;
}
