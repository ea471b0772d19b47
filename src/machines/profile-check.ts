/** Checks a profile without a machine. No I/O. */
import { longNames } from '../configs/long-names.ts';
import type { LayeredEntry } from '../ignition/compose.ts';
import { readerNamed } from '../ignition/reader.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { profileWarning } from './layers/cloud-init.ts';
import { type RenderFault, render } from './layers/render.ts';
import { SAMPLE_URLS } from './layers/variables.ts';
import type { OperatorFault } from './problems.ts';
import type { Layers } from './profile-effect.ts';

/** Returns the warnings about a profile, or its errors: the base alone, and the base with the default, must be valid configs. */
export function checkProfile(layers: Layers): Result<readonly LayeredEntry[], OperatorFault> {
  const named = readerNamed(layers.ignition ?? '');
  const reader = named.ok ? named.value : undefined;
  const looked = (profile: Layers) =>
    render({ profiles: [profile], machine: undefined, user: undefined, reader }, SAMPLE_URLS);
  const baseAlone = looked({ ...layers, default: undefined });
  const whole = baseAlone.ok ? looked(layers) : baseAlone;
  const errors = whole.ok ? [] : realErrors(whole.error);
  if (!whole.ok && errors.length > 0) return err({ reason: 'invalid', entries: whole.error.entries });
  const tooLong = (['base', 'default'] as const).flatMap((part) =>
    longNames(layers[part] ?? '').map((entry) => ({ ...entry, layer: `${part}:${layers.name}` })),
  );
  if (tooLong.length > 0) return err({ reason: 'invalid', entries: tooLong });
  const warning = profileWarning(layers);
  const entries = whole.ok ? whole.value.entries : [];
  return ok(warning === undefined ? entries : [...entries, warning]);
}

/** Leaves out what is wrong of a sample: a machine's own value may be right there. */
const realErrors = ({ entries, samplesAt }: RenderFault): LayeredEntry[] =>
  entries.filter(({ severity, layer, path }) => severity === 'error' && !samplesAt.has(`${layer} ${path}`));
