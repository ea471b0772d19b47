/** Renders the config that a machine boots, and makes the pointer to a stored rendering. */
import { kindOf } from '../../configs/machine-kind.ts';
import type { Engine } from '../../ignition/combine.ts';
import {
  type Composed,
  type ComposeFault,
  composing,
  type LayeredEntry,
  type NamedText,
} from '../../ignition/compose.ts';
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { cloudInitOf, cloudInitWarning, defaultFor } from './cloud-init.ts';
import { identityLayer } from './identity.ts';
import type { LayerTexts, MachineSays, ProfileTexts } from './layers.ts';
import { replaceVariables } from './substitute.ts';
import { URL_VARIABLES, type Urls, valuesFor } from './variables.ts';

export interface Rendered extends Composed {
  /** True where a URL stands in bytes: the text holds for these URLs alone, whatever marks they have. */
  readonly isByUrl: boolean;
}

/** The layers cannot be composed. `samplesAt`: the layer and path of each value that held a sample, as `base:web storage.files.0.path`. */
export interface RenderFault extends ComposeFault {
  readonly samplesAt: ReadonlySet<string>;
}

type Outcome = Result<Rendered, RenderFault>;

/** Returns one config made of the layers. */
export function render(layers: LayerTexts, urls: Urls): Outcome {
  const steps = rendering(layers, urls);
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
  urls: Urls,
): Promise<Outcome> {
  const texts = [layers.user, ...layers.profiles.flatMap((profile) => [profile.base, profile.default])];
  const length = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
  if (length < LONG_FROM) return render(layers, urls);
  await platform.timer(0).elapsed;
  return await renderInTurns(layers, urls, () => platform.timer(0).elapsed);
}

/** The same in steps. Between two of them `pause` lets other work of the isolate go on. */
export async function renderInTurns(
  layers: LayerTexts,
  urls: Urls,
  pause: () => Promise<void> | undefined,
): Promise<Outcome> {
  const steps = rendering(layers, urls);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await pause();
  }
}

/** Does what `render` does in steps: the variables of each layer, and then the composing. */
function* rendering(layers: LayerTexts, urls: Urls): Generator<undefined, Outcome> {
  const { profiles, machine, user, reader } = layers;
  const engine = engineOf(profiles);
  if (!engine.ok) return engine;
  const filling = new Filling(layers, urls);
  const bases: NamedText[] = [];
  for (const profile of profiles) {
    bases.push(filling.filled(profile, 'base'));
    yield;
  }
  const last = profiles.findLast((profile) => (profile.default ?? '').trim() !== '');
  // The default counts where the user data is no config; else nobody has to say what its variables are.
  const isUsed = last !== undefined && kindOf(user ?? '') !== 'ignition';
  const own = isUsed ? filling.filled(last, 'default') : undefined;
  if (filling.entries.length > 0) return filling.fault([]);
  const identity = machine === undefined ? undefined : identityOf(layers, machine, engine.value, urls);
  const cloudInit = cloudInitOf(layers, engine.value);
  const composed = yield* composing(
    {
      base: [...bases, { layer: 'identity', text: identity }],
      user,
      default: defaultFor(cloudInit, own, (text) => filling.text(text, 'built-in', {})),
    },
    engine.value,
    reader,
  );
  if (!composed.ok) return filling.fault(composed.error.entries);
  const warning = cloudInitWarning(cloudInit);
  const entries = warning === undefined ? composed.value.entries : [...composed.value.entries, warning];
  return ok({ ...composed.value, entries, isByUrl: filling.isByUrl });
}

/** Returns the text of the identity layer, with the unit for metadata where one of the profiles wants it. */
export function identityOf(
  { profiles }: Pick<LayerTexts, 'profiles'>,
  machine: MachineSays,
  engine: Engine,
  urls: Urls,
): string | undefined {
  const isWanted = profiles.some(({ metadataUnit }) => metadataUnit === true);
  return identityLayer(machine, engine, isWanted ? `${urls.machine('plain')}/metadata` : undefined);
}

/** Replaces the variables of layers, and notes what comes of it. */
class Filling {
  readonly entries: LayeredEntry[] = [];
  readonly #samplesAt = new Set<string>();
  readonly #layers: LayerTexts;
  readonly #urls: Urls;
  isByUrl = false;

  constructor(layers: LayerTexts, urls: Urls) {
    this.#layers = layers;
    this.#urls = urls;
  }

  fault(entries: readonly LayeredEntry[]): Outcome {
    return err({ entries: [...this.entries, ...entries], samplesAt: this.#samplesAt });
  }

  filled(profile: ProfileTexts, part: 'base' | 'default'): NamedText {
    const layer = `${part}:${profile.name}`;
    const text = profile[part];
    return { layer, text: text === undefined ? undefined : this.text(text, layer, profile.vars) };
  }

  text(text: string, layer: string, declared: ProfileTexts['vars']): string {
    const replaced = replaceVariables(text, valuesFor(declared, this.#layers.machine, this.#urls));
    if (!replaced.ok) {
      this.entries.push(...replaced.error.map((entry) => ({ ...entry, layer })));
      return text;
    }
    const { usedInBytes, samplesAt } = replaced.value;
    this.isByUrl ||= URL_VARIABLES.some((name) => usedInBytes.has(name));
    for (const path of samplesAt) this.#samplesAt.add(`${layer} ${path}`);
    return replaced.value.text;
  }
}

/** Returns the engine of a machine's profiles, which must be one. */
export function engineOf(profiles: readonly ProfileTexts[]): Result<Engine, RenderFault> {
  const [first] = profiles;
  const other = profiles.find(({ engine }) => engine !== first?.engine);
  if (first === undefined || other === undefined) return ok(first?.engine ?? 'ignition');
  const message = `profile ${other.name} has the engine ${other.engine}, and ${first.name} has ${first.engine}: a machine needs one`;
  const entry = { severity: 'error' as const, path: '$', message, layer: `base:${other.name}` };
  return err({ entries: [entry], samplesAt: new Set() });
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
