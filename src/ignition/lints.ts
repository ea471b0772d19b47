/** Warnings about merges that the rules allow but that probably do not do what the user wants. No I/O. */
import type { Findings, Path } from './report.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The fields of a resource that describe the bytes at its source. */
const ABOUT_SOURCE = ['compression', 'httpHeaders', 'verification'] as const;

/**
 * Warns when the child has another source than the parent but inherits a field that describes the parent's bytes, such
 * as a hash that cannot match.
 */
export function lintResource(parent: Fields, child: Fields, path: Path, findings: Findings): void {
  if (child['source'] === undefined || parent['source'] === undefined || child['source'] === parent['source']) return;
  const inherited = ABOUT_SOURCE.filter((name) => hasEffect(parent[name]) && !isSet(child[name]));
  for (const name of inherited) {
    const label = name === 'verification' ? 'verification.hash' : name;
    findings.warn([...path, name], `source is overridden, but ${label} is still that of the config below`);
  }
}

/**
 * Warns of a header without a value that has no header of the parent to remove. It stays in the result, and Ignition
 * cannot send it.
 */
export function lintRemoval(path: Path, findings: Findings): void {
  findings.warn(path, 'header without a value removes nothing here, and will fail the fetch');
}

/** True for a value that has an effect; an empty text has none. */
const hasEffect = (value: unknown): boolean => value !== '' && isSet(value);

/** True for a value that overrides the parent's. An empty text overrides it, an absent value does not. */
function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.values(value).some(isSet);
  return value !== undefined;
}
