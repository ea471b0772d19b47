/** What an operator says of a machine beside its user data. A PUT, a PATCH and an import take the same. */
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import { openSays } from './layers/layers.ts';
import { type Identities, NO_IDENTITIES } from './records/identity-values.ts';
import { type Machine, profilesOf } from './records/model.ts';
import type { Vault, VaultFault } from './records/vault.ts';

export interface MachineSettings {
  /** In the order in which their bases are merged. */
  readonly profiles: readonly string[];
  readonly hostname: string | null;
  readonly sshAuthorizedKeys: readonly string[];
  /** Values for the variables of its profiles. */
  readonly vars: Readonly<Record<string, string>>;
  /** What its metadata service says of it. */
  readonly attributes: Readonly<Record<string, string>>;
  /** By which it is found in lists. */
  readonly labels: Readonly<Record<string, string>>;
  /** The fleet by whose URL it may boot, and by what it is known there. */
  readonly fleet: string | null;
  readonly identities: Identities;
  readonly channel: string;
  readonly board: string;
  readonly version: string;
  /** The version of Ignition that reads the config; `null` for that of the release. */
  readonly ignition: string | null;
  readonly kernelArgs: readonly string[];
  /** Its config is for one boot. */
  readonly once: boolean;
  /** Seconds after arming for which its URLs answer; `null`: always. */
  readonly window: number | null;
}

/** Returns what a record says. */
export async function settingsOf(
  vault: Vault,
  machine: Machine,
): Promise<Result<MachineSettings, VaultFault | StoreFault>> {
  const says = await openSays(vault, machine);
  if (!says.ok) return says;
  const { hostname, sshAuthorizedKeys, vars } = says.value;
  const { channel, board, version, ignition = null, kernelArgs = [], attributes = {}, labels = {} } = machine;
  const { fleet = null, identities = NO_IDENTITIES, once = false, window = null } = machine;
  const profiles = profilesOf(machine);
  return ok({
    ...{ profiles, hostname, sshAuthorizedKeys, vars, attributes, labels, fleet, identities },
    ...{ channel, board, version, ignition, kernelArgs, once, window },
  });
}

/** Those that go into the config, or decide how it is written. */
const IN_CONFIG = ['profiles', 'hostname', 'sshAuthorizedKeys', 'vars', 'ignition'] as const;

/** Returns true when both are the same. */
export const areSame = (one: MachineSettings, other: MachineSettings): boolean =>
  plain(settingsIn(one)) === plain(settingsIn(other));

/** Returns true when both give the same config for the same user data. */
export const giveSameConfig = (one: MachineSettings, other: MachineSettings): boolean =>
  IN_CONFIG.every((field) => plain(one[field]) === plain(other[field]));

/** Returns the settings alone of what says more. */
export const settingsIn = (all: MachineSettings): MachineSettings => {
  const { profiles, hostname, sshAuthorizedKeys, vars, attributes, labels } = all;
  const { channel, board, version, ignition, kernelArgs, fleet, identities, once, window } = all;
  return {
    ...{ profiles, hostname, sshAuthorizedKeys, vars, attributes, labels, fleet, identities },
    ...{ channel, board, version, ignition, kernelArgs, once, window },
  };
};

/** The order of variables says nothing. */
const plain = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** Returns them as a record has them, but the variables, which are sealed. */
export const asRecorded = ({
  profiles,
  sshAuthorizedKeys,
  vars: _sealed,
  attributes,
  labels,
  identities,
  kernelArgs,
  ...rest
}: MachineSettings) => ({
  ...rest,
  ...{ profile: profiles[0] ?? null, profiles: [...profiles] },
  ...{ sshAuthorizedKeys: [...sshAuthorizedKeys], kernelArgs: [...kernelArgs] },
  ...{ attributes: { ...attributes }, labels: { ...labels }, identities: copyOf(identities) },
});

const copyOf = ({ mac, uuid, serial, asset }: Identities) => ({
  ...{ mac: [...mac], uuid: [...uuid] },
  ...{ serial: [...serial], asset: [...asset] },
});
