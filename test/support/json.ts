/** Objects with nothing in them say nothing, wherever they stand. */
export function withoutEmptyObjects(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyObjects);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value)
    .map(([name, inner]) => [name, withoutEmptyObjects(inner)] as const)
    .filter(([, inner]) => !isEmpty(inner));
  return Object.fromEntries(kept);
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** The paths of a config's files. */
export const pathsOf = (text: string): string[] =>
  ((JSON.parse(text) as { storage?: { files?: { path: string }[] } }).storage?.files ?? []).map(({ path }) => path);
