/** Renders the config that a machine boots, and makes the pointer to a stored rendering. */

import type { Engine } from '../../ignition/combine.ts';
import { type Composed, type ComposeFault, compose } from '../../ignition/compose.ts';
import { ok, type Result } from '../../shared/result.ts';
import { type Machine, machineContext, type Profile, profileContext } from '../records/model.ts';
import type { Vault, VaultFault } from '../records/vault.ts';

/** The decrypted layers of a machine's config, and the engine that merges them. */
export interface LayerTexts {
  readonly engine: Engine;
  readonly base: string | undefined;
  readonly default: string | undefined;
  /** The user data as it boots. It may be of any kind. */
  readonly user: string | undefined;
}

/** In a default layer, this stands for the URL of the machine's cloud-config. In a data URL its braces are escaped. */
const PLACEHOLDER = /(?:\{\{|%7B%7B)cloud_config_url(?:\}\}|%7D%7D)/gi;
/** Takes the place of the real URL while there is none, for example when a profile is checked. */
export const SAMPLE_CLOUD_CONFIG_URL = 'https://edge.invalid/boot/machine.epoch.nonce.0.mac/cloud-config';

/** Returns the profile's engine and its decrypted layers. Without a profile there are no layers. */
export async function openProfile(
  vault: Vault,
  profile: Profile | undefined,
): Promise<Result<Omit<LayerTexts, 'user'>, VaultFault>> {
  if (profile === undefined) return ok({ engine: 'ignition', base: undefined, default: undefined });
  const texts: { base?: string; default?: string } = {};
  for (const layer of ['base', 'default'] as const) {
    const sealed = profile[layer];
    if (sealed === null) continue;
    const text = await vault.open(sealed, profileContext(profile, layer));
    if (!text.ok) return text;
    texts[layer] = text.value;
  }
  return ok({ engine: profile.engine, base: texts.base, default: texts.default });
}

/** Returns the machine's user data, or `undefined` when it has none. */
export async function openUserData(vault: Vault, machine: Machine): Promise<Result<string | undefined, VaultFault>> {
  if (machine.userData === null) return ok(undefined);
  return await vault.open(machine.userData, machineContext(machine, 'userData'));
}

/** Returns one config made of the layers. `cloudConfigUrl` replaces the placeholder in the default layer. */
export function render(layers: LayerTexts, cloudConfigUrl: string): Result<Composed, ComposeFault> {
  const { engine, base, user } = layers;
  return compose({ base, user, default: layers.default?.replace(PLACEHOLDER, () => cloudConfigUrl) }, engine);
}

/** A parsed Ignition config. */
export type Pointer = Readonly<Record<string, unknown>>;

/**
 * Returns a small config for a cloud's user-data field. It names a stored rendering and its hash. Its spec version is
 * the oldest one that can do this and has the rendering's major version, so a client that reads the rendering can read
 * the pointer too.
 */
export function pointer(version: string, url: string, sha512: string): Pointer {
  const reference = { source: url, verification: { hash: `sha512-${sha512}` } };
  const pointerVersion = version.startsWith('3') ? '3.0.0' : '2.0.0';
  return { ignition: { version: pointerVersion, config: { replace: reference } } };
}
