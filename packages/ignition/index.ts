/** Ignition's rules for configs, as a library: what is valid, and what two configs are together. No I/O. */
import { combine, engineFaults } from '../../src/ignition/combine.ts';
import { jsonSchemaOf } from '../../src/ignition/json-schema.ts';
import { parseConfig } from '../../src/ignition/parse.ts';

/** What a check says of one place in a config. */
export interface Entry {
  readonly severity: 'error' | 'warning' | 'info';
  /** Such as `storage.files.0.path`; `$` for the whole config. */
  readonly path: string;
  readonly message: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** `ignition`: Flatcar since 2022, specs 3 merged. `legacy`: Ignition 0.36, specs 2 appended. */
export type Engine = 'ignition' | 'legacy';

export interface Validation {
  readonly valid: boolean;
  /** The spec version; null where the text does not parse as a config. */
  readonly version: string | null;
  readonly entries: readonly Entry[];
}

export type Merged =
  | { readonly ok: true; readonly config: Record<string, unknown>; readonly entries: readonly Entry[] }
  | { readonly ok: false; readonly side: 'parent' | 'child' | 'result'; readonly entries: readonly Entry[] };

/** Returns what Ignition would say of a config of spec 1, 2.0 to 2.4 or 3.0 to 3.6. */
export function validate(text: string, engine: Engine = 'ignition'): Validation {
  const parsed = parseConfig(text);
  if (!parsed.ok) return { valid: false, version: null, entries: entriesOf(parsed.error) };
  const { version, entries } = parsed.value;
  const faults = engineFaults(parsed.value, engine);
  return { valid: faults.length === 0, version, entries: [...entries, ...faults] };
}

/** Returns the child merged into the parent, or what stands in the way. */
export function merge(parent: string, child: string, engine: Engine = 'ignition'): Merged {
  const [first, second] = [parseConfig(parent), parseConfig(child)];
  if (!first.ok) return { ok: false, side: 'parent', entries: entriesOf(first.error) };
  if (!second.ok) return { ok: false, side: 'child', entries: entriesOf(second.error) };
  const combined = combine([first.value, second.value], engine);
  if (!combined.ok) {
    const { at, entries } = combined.error;
    return { ok: false, side: at === undefined ? 'result' : at === 0 ? 'parent' : 'child', entries };
  }
  return { ok: true, config: combined.value.config, entries: combined.value.entries };
}

/** Returns the JSON Schema of a spec version such as `3.4.0`; undefined for one that is not known. */
export const schema = (version: string): Record<string, unknown> | undefined => jsonSchemaOf(version);

type Fault = Extract<ReturnType<typeof parseConfig>, { readonly ok: false }>['error'];

function entriesOf(fault: Fault): readonly Entry[] {
  if (fault.reason === 'no-config') return [{ severity: 'error', path: '$', message: `not a config (${fault.kind})` }];
  return fault.entries.some(({ severity }) => severity === 'error')
    ? fault.entries
    : [...fault.entries, { severity: 'error', path: '$', message: fault.message }];
}
