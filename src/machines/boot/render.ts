/** Renders the config that a machine boots, and makes the pointer to a stored rendering. */

import type { Engine } from '../../ignition/combine.ts';
import { type Composed, type ComposeFault, compose, composing, type Layers } from '../../ignition/compose.ts';
import type { Platform } from '../../shared/platform.ts';
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
  return compose(withUrl(layers, cloudConfigUrl), layers.engine);
}

/** Layers that are shorter together, in characters, compose in less than a millisecond or two. */
const LONG_FROM = 32 * 1024;

/** The same, for a request beside which machines boot: between the steps of long layers other work goes on. */
export async function renderBeside(
  platform: Pick<Platform, 'timer'>,
  layers: LayerTexts,
  cloudConfigUrl: string,
): Promise<Result<Composed, ComposeFault>> {
  const length = [layers.base, layers.default, layers.user].reduce((sum, text) => sum + (text?.length ?? 0), 0);
  if (length < LONG_FROM) return render(layers, cloudConfigUrl);
  await platform.timer(0).elapsed;
  return await renderInTurns(layers, cloudConfigUrl, () => platform.timer(0).elapsed);
}

/** The same in steps. Between two of them `pause` lets other work of the isolate go on. */
export async function renderInTurns(
  layers: LayerTexts,
  cloudConfigUrl: string,
  pause: () => Promise<void> | undefined,
): Promise<Result<Composed, ComposeFault>> {
  const steps = composing(withUrl(layers, cloudConfigUrl), layers.engine);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await pause();
  }
}

function withUrl({ base, user, default: fallback }: LayerTexts, url: string): Layers {
  return { base, user, default: fallback?.replace(PLACEHOLDER, () => url) };
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
