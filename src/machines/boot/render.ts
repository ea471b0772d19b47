/** What a machine boots from, made of its user data and its profile; the pointer to a frozen rendering. */

import type { Engine } from '../../ignition/combine.ts';
import { type Composed, type ComposeFault, compose } from '../../ignition/compose.ts';
import { ok, type Result } from '../../shared/result.ts';
import { type Machine, machineContext, type Profile, profileContext } from '../records/model.ts';
import type { Vault, VaultFault } from '../records/vault.ts';

/** Everything that goes into a machine's config, readable. */
export interface LayerTexts {
  readonly engine: Engine;
  readonly base: string | undefined;
  readonly default: string | undefined;
  /** The user data as it boots; of any kind. */
  readonly user: string | undefined;
}

/** In a profile's default: the URL of the machine's own cloud-config. Data URLs can carry it only with its braces escaped. */
const PLACEHOLDER = /(?:\{\{|%7B%7B)cloud_config_url(?:\}\}|%7D%7D)/gi;
/** Stands for the real URL where none is known yet: when a profile is checked. */
export const SAMPLE_CLOUD_CONFIG_URL = 'https://edge.invalid/boot/machine.epoch.nonce.0.mac/cloud-config';

/** The profile's texts; an engine alone where there is no profile. */
export async function openProfile(
  vault: Vault,
  profile: Profile | undefined,
): Promise<Result<Omit<LayerTexts, 'user'>, VaultFault>> {
  if (profile === undefined) return ok({ engine: 'ignition', base: undefined, default: undefined });
  const texts: { base?: string; default?: string } = {};
  for (const part of ['base', 'default'] as const) {
    const sealed = profile[part];
    if (sealed === null) continue;
    const text = await vault.open(sealed, profileContext(profile, part));
    if (!text.ok) return text;
    texts[part] = text.value;
  }
  return ok({ engine: profile.engine, base: texts.base, default: texts.default });
}

/** The machine's user data; `undefined` where it has none. */
export async function openUserData(vault: Vault, machine: Machine): Promise<Result<string | undefined, VaultFault>> {
  if (machine.userData === null) return ok(undefined);
  return await vault.open(machine.userData, machineContext(machine, 'userData'));
}

/** One config of the layers; `cloudConfigUrl` goes where the default asks for it. */
export function render(layers: LayerTexts, cloudConfigUrl: string): Result<Composed, ComposeFault> {
  const { engine, base, user } = layers;
  return compose({ base, user, default: layers.default?.replace(PLACEHOLDER, cloudConfigUrl) }, engine);
}

/** An Ignition config as JSON. */
export type Pointer = Readonly<Record<string, unknown>>;

/**
 * A small config for a cloud's user-data field: it names a frozen rendering and its hash, in the oldest version of the
 * rendering's own major version that can, so that every client that takes the one takes the other.
 */
export function pointer(version: string, url: string, sha512: string): Pointer {
  const reference = { source: url, verification: { hash: `sha512-${sha512}` } };
  const own = version.startsWith('3') ? '3.0.0' : '2.0.0';
  return { ignition: { version: own, config: { replace: reference } } };
}
