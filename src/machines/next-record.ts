/** The record of a machine after a write, and whether it is another one. */
import { err, ok, type Result } from '../shared/result.ts';
import { randomText } from './boot/capability.ts';
import type { MachinePorts } from './issue.ts';
import { openUserData } from './layers/layers.ts';
import type { NewMachine } from './machines.ts';
import { badField, type OperatorFault } from './problems.ts';
import { type Machine, machineContext } from './records/model.ts';
import { isRevoked, MOST_KEPT_REVOKED, restoredUrls, withNewUrl } from './records/urls.ts';
import type { Vault, VaultFault } from './records/vault.ts';
import { areSame, asRecorded, giveSameConfig, settingsIn, settingsOf } from './settings.ts';

/** Returns true when a write would store what is stored already. */
export async function isUnchanged(
  { vault }: MachinePorts,
  before: Machine | undefined,
  wanted: NewMachine & { readonly shipped: string },
): Promise<boolean> {
  if (before === undefined || before.deletedAt !== null) return false;
  if (wanted.expiresIn !== undefined) return false;
  const { revoked = [], urls: _urls, ...of } = wanted.identity ?? {};
  if (revoked.some((nonce) => !isRevoked(before, nonce))) return false;
  const identity = Object.entries(of) as [keyof Machine, unknown][];
  if (identity.some(([field, value]) => before[field] !== value)) return false;
  const fields = ['kind', 'source', 'shipped'] as const;
  if (fields.some((field) => before[field] !== wanted[field])) return false;
  const settings = await settingsOf(vault, before);
  if (!settings.ok || !areSame(settings.value, wanted)) return false;
  const [text, source] = [await openUserData(vault, before), await openSource(vault, before)];
  if (!text.ok || !source.ok) return false;
  return (text.value ?? '') === wanted.text && source.value === wanted.sourceText;
}

/** Returns true when what goes into the config is what it was: everything but the release that it boots and what its kernel gets. */
async function hasSameConfig(
  { vault }: MachinePorts,
  before: Machine | undefined,
  wanted: NewMachine & { readonly shipped: string },
): Promise<boolean> {
  if (before === undefined || before.shipped !== wanted.shipped) return false;
  const settings = await settingsOf(vault, before);
  if (!settings.ok || !giveSameConfig(settings.value, wanted)) return false;
  const text = await openUserData(vault, before);
  return text.ok && (text.value ?? '') === wanted.text;
}

/** Returns the record after a write. A machine under the id of a deleted one is a new one. */
export async function replaced(
  ports: MachinePorts,
  id: string,
  before: Machine | undefined,
  wanted: NewMachine & { readonly shipped: string },
): Promise<Result<Machine, OperatorFault>> {
  const now = isoNow(ports);
  const generation = (before?.generation ?? 0) + 1;
  // A machine under a deleted machine's id is a new machine: the old capabilities must not open it.
  const existing = before !== undefined && before.deletedAt === null ? before : undefined;
  const renews = existing === undefined || wanted.expiresIn !== undefined;
  const epoch = existing?.epoch ?? randomText();
  const nonce = renews ? randomText() : existing.nonce;
  const expiry = renews ? expiryOf(ports, wanted.expiresIn) : existing.expiry;
  const brought = wanted.identity === undefined ? {} : restored(before, wanted.identity, now);
  if ((brought.revoked ?? []).length > MOST_KEPT_REVOKED)
    return err(
      badField(
        'revoked',
        `has more than ${MOST_KEPT_REVOKED} URLs that were ended one by one: import it with fresh_epochs=1`,
      ),
    );
  const seal = async (text: string, field: 'userData' | 'sourceText' | 'vars') =>
    await ports.vault.seal(text, machineContext({ id, generation }, field));
  return ok({
    // A later version of this software may have added fields to the record.
    ...existing,
    id,
    ...asRecorded(settingsIn(wanted)),
    kind: wanted.kind,
    source: wanted.source,
    generation,
    epoch,
    ...{ nonce, expiry },
    ...(renews ? withNewUrl(existing, { epoch, nonce, expiry }, now) : {}),
    shipped: wanted.shipped,
    createdAt: existing?.createdAt ?? now,
    ...armed(existing, wanted, now),
    ...brought,
    configGeneration: (await hasSameConfig(ports, existing, wanted))
      ? (existing?.configGeneration ?? existing?.generation ?? generation)
      : generation,
    updatedAt: now,
    deletedAt: null,
    vars: Object.keys(wanted.vars).length === 0 ? null : await seal(JSON.stringify(wanted.vars), 'vars'),
    userData: wanted.text === '' ? null : await seal(wanted.text, 'userData'),
    sourceText: wanted.sourceText === undefined ? null : await seal(wanted.sourceText, 'sourceText'),
  });
}

/** From a backup. A deleted machine remembers what was ended, too. */
const restored = (
  before: Machine | undefined,
  identity: NonNullable<NewMachine['identity']>,
  at: string,
): Partial<Machine> => ({
  ...identity,
  ...restoredUrls(before, identity, { freshNonce: randomText, at }),
});

/** A machine is armed when it is told for the first time to be for one boot, or for a while. */
function armed(existing: Machine | undefined, { once, window }: NewMachine, now: string): Partial<Machine> {
  const isArmed = (existing?.once ?? false) || (existing?.window ?? null) !== null;
  const isToBe = once || window !== null;
  return isToBe && !(isArmed && existing?.arming !== undefined) ? { arming: randomText(), armedAt: now } : {};
}

/** Returns the text that the user data was transpiled from; `undefined` when there is none. */
export async function openSource(vault: Vault, machine: Machine): Promise<Result<string | undefined, VaultFault>> {
  if (machine.sourceText === null) return ok(undefined);
  return await vault.open(machine.sourceText, machineContext(machine, 'sourceText'));
}

/** Returns this moment in ISO 8601. */
export const isoNow = ({ platform }: MachinePorts): string => new Date(platform.now()).toISOString();

/** Returns when URLs end, in seconds since 1970; 0 for never. */
export const expiryOf = ({ platform }: MachinePorts, expiresIn: number | null | undefined): number =>
  (expiresIn ?? null) === null ? 0 : Math.floor(platform.now() / 1000) + (expiresIn ?? 0);
