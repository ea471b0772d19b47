/** What merges well by the rules and badly for the machine; warnings, found while merging. No I/O. */
import type { Findings, Path } from './report.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What a resource says of the bytes behind its source. */
const ABOUT_SOURCE = ['compression', 'httpHeaders', 'verification'] as const;

/** A child that names other bytes but keeps what the parent said of its own: usually a hash that cannot match. */
export function lintResource(parent: Fields, child: Fields, path: Path, findings: Findings): void {
  if (child['source'] === undefined || parent['source'] === undefined || child['source'] === parent['source']) return;
  const inherited = ABOUT_SOURCE.filter((name) => says(parent[name]) && !states(child[name]));
  for (const name of inherited) {
    const label = name === 'verification' ? 'verification.hash' : name;
    findings.warn([...path, name], `source is overridden, but ${label} is still that of the config below`);
  }
}

/** A header without a value takes away one of the parent's; where there is none it stays, and cannot be sent. */
export function lintRemoval(path: Path, findings: Findings): void {
  findings.warn(path, 'header without a value removes nothing here, and will fail the fetch');
}

/** True for what asks for something; an empty text asks for nothing. */
const says = (value: unknown): boolean => value !== '' && states(value);

/** True for what is there at all: an empty text overrides, an absent one does not. */
function states(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.values(value).some(states);
  return value !== undefined;
}
