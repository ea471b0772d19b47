/** Renders the config that a machine boots, and makes the pointer to a stored rendering. */

import type { Engine } from '../../ignition/combine.ts';
import { type Composed, type ComposeFault, composing, type Layers } from '../../ignition/compose.ts';
import type { Reader } from '../../ignition/reader.ts';
import type { Platform } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import { type Machine, machineContext, type Profile, profileContext } from '../records/model.ts';
import type { Vault, VaultFault } from '../records/vault.ts';
import { type CloudInit, cloudInitWarning, defaultFor, withCloudConfigUrl } from './cloud-init.ts';

/** The decrypted layers of a profile, and how they are used. */
export interface ProfileTexts {
  readonly engine: Engine;
  readonly base: string | undefined;
  readonly default: string | undefined;
  /** Whether a cloud-config is fetched without being asked for; `undefined` means on. */
  readonly cloudInit?: CloudInit | undefined;
}

/** The decrypted layers of a machine's config, and what reads it. */
export interface LayerTexts extends ProfileTexts {
  /** The user data as it boots. It may be of any kind. */
  readonly user: string | undefined;
  /** The Ignition that reads the config; with `undefined`, nothing is too new. */
  readonly reader: Reader | undefined;
}
/** Takes the place of the real URL while there is none, for example when a profile is checked. */
export const SAMPLE_CLOUD_CONFIG_URL = 'https://edge.invalid/boot/machine.epoch.nonce.0.mac/cloud-config';

/** Returns the profile's engine and its decrypted layers. Without a profile there are no layers. */
export async function openProfile(
  vault: Vault,
  profile: Profile | undefined,
): Promise<Result<ProfileTexts, VaultFault>> {
  if (profile === undefined) return ok({ engine: 'ignition', base: undefined, default: undefined });
  const texts: { base?: string; default?: string } = {};
  for (const layer of ['base', 'default'] as const) {
    const sealed = profile[layer];
    if (sealed === null) continue;
    const text = await vault.open(sealed, profileContext(profile, layer));
    if (!text.ok) return text;
    texts[layer] = text.value;
  }
  return ok({ engine: profile.engine, base: texts.base, default: texts.default, cloudInit: profile.cloudInit });
}

/** Returns the machine's user data, or `undefined` when it has none. */
export async function openUserData(vault: Vault, machine: Machine): Promise<Result<string | undefined, VaultFault>> {
  if (machine.userData === null) return ok(undefined);
  return await vault.open(machine.userData, machineContext(machine, 'userData'));
}

/** Returns one config made of the layers. `cloudConfigUrl` replaces the placeholder in the default layer. */
export function render(layers: LayerTexts, cloudConfigUrl: string): Result<Composed, ComposeFault> {
  const steps = composingOf(layers, cloudConfigUrl);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
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
  const steps = composingOf(layers, cloudConfigUrl);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await pause();
  }
}

/** Does what `render` does in steps. A warning says where a cloud-config would not be applied. */
function* composingOf(layers: LayerTexts, url: string): Generator<undefined, Result<Composed, ComposeFault>> {
  const fallback = defaultFor(layers);
  const texts: Layers = {
    base: layers.base,
    user: layers.user,
    default: fallback === undefined ? undefined : withCloudConfigUrl(fallback, url),
  };
  const composed = yield* composing(texts, layers.engine, layers.reader);
  const warning = cloudInitWarning(layers);
  if (!composed.ok || warning === undefined) return composed;
  return ok({ ...composed.value, entries: [...composed.value.entries, warning] });
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
