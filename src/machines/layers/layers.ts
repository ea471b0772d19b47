/** Decrypts what a config is composed of: the layers of profiles, and what a machine says. */
import type { Engine } from '../../ignition/combine.ts';
import type { Reader } from '../../ignition/reader.ts';
import { understood } from '../../shared/r2-documents.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import {
  type Machine,
  machineContext,
  type Profile,
  parseDeclared,
  parseVars,
  profileContext,
  type Sealed,
} from '../records/model.ts';
import type { Vault, VaultFault } from '../records/vault.ts';
import type { CloudInit } from './cloud-init.ts';
import type { Identity } from './identity.ts';
import type { Declared, MachineFacts } from './variables.ts';

/** The layers of a profile, and how they are used. */
export interface ProfileTexts {
  readonly name: string;
  readonly engine: Engine;
  readonly base: string | undefined;
  readonly default: string | undefined;
  /** Whether a cloud-config is fetched without being asked for; `undefined` means on. */
  readonly cloudInit?: CloudInit | undefined;
  readonly vars: Declared;
  /** True: the machine writes its metadata to /run/metadata/flatcar. */
  readonly metadataUnit?: boolean | undefined;
}

/** What a machine says of itself, beside its user data. */
export type MachineSays = MachineFacts & Identity;

/** All that a machine's config is composed of, and what reads it. */
export interface LayerTexts {
  /** In the order in which their bases are merged. */
  readonly profiles: readonly ProfileTexts[];
  /** `undefined` for a profile that is looked at without a machine. */
  readonly machine: MachineSays | undefined;
  /** The user data as it boots. It may be of any kind. */
  readonly user: string | undefined;
  /** The Ignition that reads the config; with `undefined`, nothing is too new. */
  readonly reader: Reader | undefined;
}

type OpenFault = VaultFault | StoreFault;

/** Returns the decrypted layers of a profile. */
export async function openProfile(vault: Vault, profile: Profile): Promise<Result<ProfileTexts, OpenFault>> {
  const open = async (part: 'base' | 'default' | 'vars') =>
    await opened(vault, profile[part], profileContext(profile, part));
  const base = await open('base');
  if (!base.ok) return base;
  const fallback = await open('default');
  if (!fallback.ok) return fallback;
  const vars = await open('vars');
  if (!vars.ok) return vars;
  const declared = vars.value === undefined ? ok({}) : understood(`profile ${profile.name}`, parseDeclared(vars.value));
  if (!declared.ok) return declared;
  const { name, engine, cloudInit, metadataUnit } = profile;
  return ok({ name, engine, base: base.value, default: fallback.value, cloudInit, metadataUnit, vars: declared.value });
}

/** Returns the decrypted layers of profiles, in order. */
export async function openProfiles(
  vault: Vault,
  profiles: readonly Profile[],
): Promise<Result<readonly ProfileTexts[], OpenFault>> {
  const all: ProfileTexts[] = [];
  for (const profile of profiles) {
    const texts = await openProfile(vault, profile);
    if (!texts.ok) return texts;
    all.push(texts.value);
  }
  return ok(all);
}

/** Returns the machine's user data, or `undefined` when it has none. */
export async function openUserData(vault: Vault, machine: Machine): Promise<Result<string | undefined, VaultFault>> {
  return await opened(vault, machine.userData, machineContext(machine, 'userData'));
}

/** Returns what a machine says beside its user data. */
export async function openSays(vault: Vault, machine: Machine): Promise<Result<MachineSays, OpenFault>> {
  const { id, hostname = null, sshAuthorizedKeys = [] } = machine;
  const text = await opened(vault, machine.vars, machineContext(machine, 'vars'));
  if (!text.ok) return text;
  const vars = text.value === undefined ? ok({}) : understood(`machine ${id}`, parseVars(text.value));
  return vars.ok ? ok({ id, hostname, sshAuthorizedKeys, vars: vars.value }) : vars;
}

/** Returns what the machine's config is composed of, once its profiles are known. */
export async function openMachine(
  vault: Vault,
  machine: Machine,
  profiles: readonly Profile[],
  reader: Reader,
): Promise<Result<LayerTexts, OpenFault>> {
  const user = await openUserData(vault, machine);
  if (!user.ok) return user;
  const says = await openSays(vault, machine);
  if (!says.ok) return says;
  const texts = await openProfiles(vault, profiles);
  return texts.ok ? ok({ profiles: texts.value, machine: says.value, user: user.value, reader }) : texts;
}

async function opened(
  vault: Vault,
  sealed: Sealed | null | undefined,
  context: string,
): Promise<Result<string | undefined, VaultFault>> {
  return (sealed ?? null) === null ? ok(undefined) : await vault.open(sealed as Sealed, context);
}
