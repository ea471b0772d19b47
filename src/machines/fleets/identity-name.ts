/** A name for what a machine says of itself, the same at each boot, and no other machine's. */
import { sha512Hex } from '../../shared/bytes.ts';
import { IDENTITY_KINDS } from '../records/identity-values.ts';
import type { Claims } from './claims.ts';

interface Named {
  readonly kind: string;
  /** At most 57 letters, digits, ".", "_" and "-". */
  readonly name: string;
}

const MOST_READABLE = 40;

/** Returns the first kind that is claimed with its name; `undefined` where nothing is claimed. */
export async function identityName({ identities }: Pick<Claims, 'identities'>): Promise<Named | undefined> {
  const kind = IDENTITY_KINDS.find((known) => identities[known] !== undefined);
  // Of several cards the lowest: firmware may name them in another order the next time.
  const [lowest] = kind === undefined ? [] : (identities[kind] ?? []).toSorted();
  if (kind === undefined || lowest === undefined) return undefined;
  if (kind === 'mac' || kind === 'uuid') return { kind, name: lowest.replaceAll(':', '-') };
  // `A B` and `A-B` are two numbers, and look alike in a name.
  const hash = await sha512Hex(new Uint8Array(new TextEncoder().encode(lowest)));
  const readable = lowest.slice(0, MOST_READABLE).replaceAll(/[^A-Za-z0-9._-]/g, '-');
  return { kind, name: `${kind}-${readable}-${hash.slice(0, 8)}` };
}
