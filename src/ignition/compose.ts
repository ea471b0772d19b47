/**
 * What a machine boots from: base prepended to the user's config; the default in the user config's place where the user data
 * holds none (Flatcar's notes for distributors on base.ign and default.ign). No I/O.
 */
import { err, ok, type Result } from '../shared/result.ts';
import { combine, type Engine, engineFaults } from './combine.ts';
import { type ParsedConfig, type ParseFault, parseConfig } from './parse.ts';
import { configText } from './render.ts';
import type { Entry } from './report.ts';
import { SCHEMAS_V3 } from './spec/v3.ts';
import { userDataKind } from './user-data.ts';

type Layer = 'base' | 'user' | 'default';

/** Texts whose gzip was taken off; absent and empty both mean that there is none. */
export type Layers = Readonly<Partial<Record<Layer, string | undefined>>>;

/** An entry of the report on a whole machine: about one of the layers, or about what they make together. */
export interface LayeredEntry extends Entry {
  readonly layer: Layer | 'result';
}

interface Part {
  /** A leaf of the composed config. */
  readonly path: string;
  readonly layer: Layer;
}

export interface Composed {
  /** The bytes to serve. */
  readonly text: string;
  /** As the text says it; what is served alone keeps its own. */
  readonly version: string;
  readonly entries: readonly LayeredEntry[];
  /** Which layer set each part, in the order of the text. */
  readonly parts: () => readonly Part[];
}

/** At least one entry is an error. */
export interface ComposeFault {
  readonly entries: readonly LayeredEntry[];
}

/** Nothing to do, in a form that every client of the engine takes; an empty answer would drop the whole user config. */
const NOTHING: Readonly<Record<Engine, string>> = { ignition: '3.0.0', legacy: '2.0.0' };

interface Used {
  readonly layer: Layer;
  readonly text: string;
  readonly parsed: ParsedConfig;
}

/** The one config of the layers; `experimental` specs are refused, for a machine must not depend on them. */
export function compose(layers: Layers, engine: Engine): Result<Composed, ComposeFault> {
  const used: Used[] = [];
  const entries: LayeredEntry[] = [];
  for (const layer of layersUsed(layers)) {
    const read = readLayer(layers, layer, engine);
    if (!read.ok) return err({ entries: [...entries, ...read.error] });
    if (read.value === undefined) continue;
    used.push(read.value);
    entries.push(...read.value.parsed.entries.map((entry) => ({ ...entry, layer })));
  }
  const [first, second] = used;
  if (first === undefined) return ok(nothing(engine));
  if (second === undefined) return ok(alone(first, entries));
  const combined = combine(first.parsed, second.parsed, engine);
  if (!combined.ok) return err({ entries: [...entries, ...inLayer(combined.error.entries, 'result')] });
  const { config, version, origins } = combined.value;
  return ok({
    text: JSON.stringify(config),
    version,
    entries: [...entries, ...inLayer(combined.value.entries, 'result').filter((entry) => !isKnown(entry, entries))],
    parts: () =>
      leaves(config).map((path) => ({ path, layer: (origins.of(path) === 'parent' ? first : second).layer })),
  });
}

/** True if `text` holds an Ignition config, valid or not: what is neither empty nor of another kind. */
const holdsConfig = (text: string | undefined): boolean => text !== undefined && userDataKind(text) === 'json';

function layersUsed(layers: Layers): readonly Layer[] {
  return ['base', holdsConfig(layers.user) ? 'user' : 'default'];
}

function readLayer(layers: Layers, layer: Layer, engine: Engine): Result<Used | undefined, LayeredEntry[]> {
  const text = layers[layer];
  if (text === undefined) return ok(undefined);
  const parsed = parseConfig(text);
  if (!parsed.ok) {
    if (parsed.error.reason !== 'no-config') return err(inLayer(faultEntries(parsed.error), layer));
    // The user's cloud-config or script is what the default stands in for; a layer of an operator's must be a config.
    if (parsed.error.kind === 'empty') return ok(undefined);
    return err(inLayer([refusal('$', `must be an Ignition config, not ${parsed.error.kind}`)], layer));
  }
  if (parsed.value.major === 3 && parsed.value.experimental) {
    return err(inLayer([refusal('ignition.version', 'experimental specs are not served to machines')], layer));
  }
  const faults = engineFaults(parsed.value, engine);
  if (faults.length > 0) return err(inLayer([...parsed.value.entries, ...faults], layer));
  return ok({ layer, text, parsed: parsed.value });
}

/** Errors as entries, the ones of the version included. */
export function faultEntries(fault: Exclude<ParseFault, { reason: 'no-config' }>): readonly Entry[] {
  return fault.entries.some(({ severity }) => severity === 'error')
    ? fault.entries
    : [...fault.entries, refusal('ignition.version', fault.message)];
}

/** A config that nothing is put before or behind: spec 1 and 2 as it stands, spec 3 in its own version. */
function alone({ layer, text, parsed }: Used, entries: readonly LayeredEntry[]): Composed {
  const { version } = parsed;
  const schema = parsed.major === 3 ? SCHEMAS_V3[parsed.minor] : undefined;
  const served = schema === undefined ? text : configText(schema, parsed.config);
  const parts = () => leaves(JSON.parse(served)).map((path) => ({ path, layer }));
  return { text: served, version, entries, parts };
}

/** Path texts of everything that is neither object nor list. */
function leaves(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, path === '' ? name : `${path}.${name}`));
}

const refusal = (path: string, message: string): Entry => ({ severity: 'error', path, message });

const inLayer = (entries: readonly Entry[], layer: LayeredEntry['layer']): LayeredEntry[] =>
  entries.map((entry) => ({ ...entry, layer }));

const isKnown = (entry: Entry, entries: readonly Entry[]): boolean =>
  entries.some(({ path, message }) => path === entry.path && message === entry.message);

function nothing(engine: Engine): Composed {
  const version = NOTHING[engine];
  return { text: JSON.stringify({ ignition: { version } }), version, entries: [], parts: () => [] };
}
