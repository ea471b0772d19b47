/**
 * What a machine says of itself when it asks a fleet's URL: identities, and labels. They are claims, not proof (docs/security.md).
 * No I/O.
 */

import { labelFault, MOST_LABELS_BYTES } from '../layers/variable-rules.ts';
import { IDENTITY_KINDS, type IdentityKind, identityValue } from '../records/identity-values.ts';

export interface Claims {
  /** A machine has several network cards. */
  readonly identities: Readonly<Partial<Record<IdentityKind, readonly string[]>>>;
  readonly labels: Readonly<Record<string, string>>;
}

const MOST_LABELS = 20;
const MOST_PARTS = 200;
/** Each costs a read. A query with more of them is no machine's own. */
export const MOST_OF_A_KIND = 8;

/**
 * Returns the names and values of a query as firmware writes them. iPXE's `:uristring` leaves a plus sign as it is, so it is one, and
 * not a blank (iPXE's core/uri.c). What cannot be decoded is left out.
 */
export function readQuery(search: string): readonly (readonly [string, string])[] {
  const parts = search.replace(/^\?/, '').split('&', MOST_PARTS);
  return parts.flatMap((part) => {
    const at = part.indexOf('=');
    try {
      return at < 1 ? [] : [[decodeURIComponent(part.slice(0, at)), decodeURIComponent(part.slice(at + 1))] as const];
    } catch {
      return [];
    }
  });
}

/** Returns claims as a query, in the spelling that is understood. */
export const queryOf = ({ identities, labels }: Claims): string =>
  [...Object.entries(identities), ...Object.entries(labels).map(([name, value]) => [name, [value]] as const)]
    .flatMap(([name, values]) => values.map((value) => `${name}=${encodeURIComponent(value)}`))
    .join('&');

/** Returns what a query claims. What firmware fills in where it knows nothing is no claim. */
export function claimsOf(query: Iterable<readonly [string, string]>): Claims {
  const identities: Partial<Record<IdentityKind, string[]>> = {};
  const labels: Record<string, string> = {};
  for (const [name, text] of query) {
    const kind = IDENTITY_KINDS.find((known) => known === name);
    if (kind === undefined) {
      const isGood = text !== '' && labelFault(name, text) === undefined && Object.keys(labels).length < MOST_LABELS;
      // A machine has no more of them (docs/metadata.md).
      if (isGood && JSON.stringify({ ...labels, [name]: text }).length <= MOST_LABELS_BYTES) labels[name] = text;
      continue;
    }
    const value = identityValue(kind, text);
    const before = identities[kind] ?? [];
    // One more than may be says that they are too many.
    if (value !== undefined && !before.includes(value) && before.length <= MOST_OF_A_KIND)
      identities[kind] = [...before, value];
  }
  return { identities, labels };
}

/** Returns the claims in words, such as `mac 52:54:00:12:34:56, uuid …`. */
export const claimsText = ({ identities }: Claims): string =>
  Object.entries(identities)
    .flatMap(([kind, values]) => values.map((value) => `${kind} ${value}`))
    .join(', ');
