/** Decides which machine asks a fleet's URL, from what it claims and what is known. It never guesses. No I/O. */
import type { Identities, IdentityKind } from '../records/identity-values.ts';
import { IDENTITY_KINDS } from '../records/identity-values.ts';
import { type Claims, MOST_OF_A_KIND } from './claims.ts';

/** A machine whose record, which was proven, names these identities. */
interface KnownMachine {
  readonly id: string;
  readonly identities: Identities;
}

export type Selection =
  | { readonly kind: 'machine'; readonly id: string }
  | { readonly kind: 'unknown' }
  /** The claims lead to two machines, or one of them is not the machine's own. */
  | { readonly kind: 'contradiction'; readonly detail: string };

/** A claim, and the machine that it leads to. */
export interface Found {
  readonly kind: IdentityKind;
  readonly value: string;
  readonly machine: KnownMachine;
}

/**
 * Returns the machine that all claims lead to. `found` has the claims that were given to a machine. A claim of a kind that the
 * machine has nothing of says nothing; one of a kind that it has something else of is another machine's.
 */
export function select(claims: Claims, found: readonly Found[]): Selection {
  const crowded = IDENTITY_KINDS.find((kind) => (claims.identities[kind] ?? []).length > MOST_OF_A_KIND);
  if (crowded !== undefined) return { kind: 'contradiction', detail: `it claims more ${crowded} than a machine has` };
  const machines = new Map(found.map(({ machine }) => [machine.id, machine]));
  const [machine, other] = machines.values();
  if (machine === undefined) return { kind: 'unknown' };
  if (other !== undefined) {
    const leads = found.map((claim) => `${claim.kind} ${claim.value} leads to ${claim.machine.id}`);
    return { kind: 'contradiction', detail: leads.join(', ') };
  }
  for (const kind of IDENTITY_KINDS) {
    const own = machine.identities[kind];
    const other = (claims.identities[kind] ?? []).find((claimed) => own.length > 0 && !own.includes(claimed));
    if (other !== undefined)
      return { kind: 'contradiction', detail: `${kind} ${other} is none of those of ${machine.id}` };
  }
  return { kind: 'machine', id: machine.id };
}

/** What a rule asks for: each name with the values of which one must be claimed. */
export type Match = Readonly<Record<string, readonly string[]>>;

/** Returns true where the claims have one of the values under every name. */
export const fits = (match: Match, { identities, labels }: Claims): boolean =>
  Object.entries(match).every(([name, values]) => {
    const claimed = Object.hasOwn(identities, name) ? identities[name as IdentityKind] : [labels[name] ?? []].flat();
    return claimed?.some((value) => values.includes(value)) === true;
  });
