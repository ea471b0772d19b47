/**
 * What a machine says of itself when it asks a fleet's URL: identities, and labels. They are claims, not proof (docs/security.md).
 * No I/O.
 */

import { labelFault } from '../layers/variable-rules.ts';
import { IDENTITY_KINDS, type IdentityKind, identityValue } from '../records/identity-values.ts';

export interface Claims {
  readonly identities: Readonly<Partial<Record<IdentityKind, string>>>;
  readonly labels: Readonly<Record<string, string>>;
}

const MOST_LABELS = 20;

/** Returns what a query claims. What firmware fills in where it knows nothing is no claim. */
export function claimsOf(query: Iterable<readonly [string, string]>): Claims {
  const identities: Partial<Record<IdentityKind, string>> = {};
  const labels: Record<string, string> = {};
  for (const [name, text] of query) {
    const kind = IDENTITY_KINDS.find((known) => known === name);
    if (kind === undefined) {
      const isGood = text !== '' && labelFault(name, text) === undefined && Object.keys(labels).length < MOST_LABELS;
      if (isGood) labels[name] = text;
      continue;
    }
    const value = identityValue(kind, text);
    if (value !== undefined) identities[kind] = value;
  }
  return { identities, labels };
}

/** Returns the claims in words, such as `mac 52:54:00:12:34:56, uuid …`. */
export const claimsText = ({ identities }: Claims): string =>
  Object.entries(identities)
    .map(([kind, value]) => `${kind} ${value}`)
    .join(', ');
