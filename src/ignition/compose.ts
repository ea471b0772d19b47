/**
 * Composes the config that a machine boots with: the user's config merged into the base. The default takes the place of
 * the user's config when the user data holds none (Ignition's notes for distributors, on base.ign and default.ign).
 * No I/O.
 */
import { err, ok, type Result } from '../shared/result.ts';
import { type CombineFault, combine, type Engine, engineFaults } from './combine.ts';
import { lowered } from './lower.ts';
import { type ParsedConfig, type ParseFault, parseConfig } from './parse.ts';
import type { Reader } from './reader.ts';
import { plainConfig } from './render.ts';
import type { Entry } from './report.ts';
import { lint } from './served-lints.ts';
import { SCHEMAS_V3 } from './spec/v3.ts';
import { userDataKind } from './user-data.ts';

/** A text, already decompressed, and the name of its layer, such as `base:web`. */
export interface NamedText {
  readonly layer: string;
  readonly text: string | undefined;
}

/**
 * The texts of the layers. An absent text and an empty one both mean that the layer is not set. A plain text has the name of
 * its field.
 */
export interface Layers {
  /** What goes before the user data; of several, each is merged into those before it. */
  readonly base?: string | readonly NamedText[] | undefined;
  readonly user?: string | undefined;
  readonly default?: string | NamedText | undefined;
}

/** The name of what the layers give together, beside those of the layers. */
const RESULT = 'result';

/** An entry about one of the layers, or about the `result` that they give together. */
export interface LayeredEntry extends Entry {
  readonly layer: string;
  /** The path or the name of what an error of the result is about, such as `/etc/motd`. */
  readonly of?: string | undefined;
}

/** A leaf of the composed config, and the layer that set it. */
interface LayeredLeaf {
  readonly path: string;
  readonly layer: string;
}

export interface Composed {
  /** The bytes to serve. */
  readonly text: string;
  /** The version that the text states. A config that is served alone keeps its own. */
  readonly version: string;
  readonly entries: readonly LayeredEntry[];
  /** Returns the layer that set each leaf, in the order of the text. */
  readonly parts: () => readonly LayeredLeaf[];
}

/** The layers cannot be composed: at least one entry is an error. */
export interface ComposeFault {
  readonly entries: readonly LayeredEntry[];
}

/**
 * The version of the config that is served when no layer holds one. It is the oldest version, which every client of the
 * engine reads. With an empty answer, Ignition would ignore the user's whole config.
 */
const VERSION_OF_EMPTY: Readonly<Record<Engine, string>> = { ignition: '3.0.0', legacy: '2.0.0' };

interface ParsedLayer {
  readonly layer: string;
  readonly text: string;
  readonly parsed: ParsedConfig;
}

/**
 * Returns the config that the layers give together, or the errors. An experimental spec is an error, because a later
 * Ignition may no longer read it. What is newer than `reader` reads is written in an older version, or is an error.
 */
export function compose(layers: Layers, engine: Engine, reader?: Reader): Result<Composed, ComposeFault> {
  const steps = composing(layers, engine, reader);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Does what `compose` does in steps: reading each layer, merging, writing. The last step returns the result. */
export function* composing(
  layers: Layers,
  engine: Engine,
  reader?: Reader,
): Generator<undefined, Result<Composed, ComposeFault>> {
  const parsedLayers: ParsedLayer[] = [];
  const entries: LayeredEntry[] = [];
  for (const layer of layersUsed(layers)) {
    const read = readLayer(layer, engine);
    if (!read.ok) return err({ entries: [...entries, ...read.error] });
    yield;
    if (read.value === undefined) continue;
    parsedLayers.push(read.value);
    entries.push(...inLayer(read.value.parsed.entries, layer.layer));
  }
  const [first, second, ...others] = parsedLayers;
  if (first === undefined) return ok(emptyConfig(engine, reader));
  if (second === undefined) return alone(first, entries, reader);
  const [parsed, more] = [first.parsed, others.map((layer) => layer.parsed)];
  const combined = combine([parsed, second.parsed, ...more], engine);
  if (!combined.ok) {
    const faults = inLayer(combined.error.entries, RESULT);
    return err({ entries: [...entries, ...faults.map((entry) => named(entry, combined.error))] });
  }
  yield;
  const { originOf } = combined.value;
  // The version of spec 3 is the newest of all. Spec 2 is appended as 2.4.0, which is the version of none.
  const newest = engine === 'ignition' ? newestOf(parsedLayers) : undefined;
  const layerOf = (path: string): string =>
    (path === 'ignition.version' && newest !== undefined
      ? newest
      : (parsedLayers[originOf(path) ?? -1] ?? parsedLayers.at(-1))
    )?.layer ?? RESULT;
  const readable = asRead(combined.value.config, combined.value.version, reader);
  if (!readable.ok) {
    const faults = readable.error.map((entry) => ({ ...entry, layer: layerOf(entry.path) }));
    return err({ entries: [...entries, ...faults] });
  }
  const { config, version } = readable.value;
  return ok({
    text: JSON.stringify(config),
    version,
    entries: [
      ...entries,
      ...inLayer(combined.value.entries, RESULT).filter((entry) => !isReported(entry, entries)),
      ...lintEntries(config, version),
    ],
    parts: () => leaves(config).map((path) => ({ path, layer: layerOf(path) })),
  });
}

/** Returns the layer that is written in a newer version than all others; `undefined` where several are. */
function newestOf(layers: readonly ParsedLayer[]): ParsedLayer | undefined {
  const versionOf = (layer: ParsedLayer) => layer.parsed.version;
  return layers.find((one) => layers.every((other) => other === one || isNewer(versionOf(one), versionOf(other))));
}

function isNewer(version: string, than: string): boolean {
  const [[major = 0, minor = 0], [otherMajor = 0, otherMinor = 0]] = [version, than].map((text) =>
    text.split('.').map(Number),
  ) as [number[], number[]];
  return major === otherMajor ? minor > otherMinor : major > otherMajor;
}

interface Readable {
  readonly config: Record<string, unknown>;
  readonly version: string;
}

/** Adds the name of the file, unit or other thing that an error of the result is about. */
function named(entry: LayeredEntry, { config }: CombineFault): LayeredEntry {
  let value: unknown = config;
  let name: string | undefined;
  for (const step of entry.path.split('.')) {
    if (typeof value !== 'object' || value === null) break;
    value = (value as Record<string, unknown>)[step];
    const { path, name: own } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    if (typeof path === 'string') name = path;
    else if (typeof own === 'string') name = own;
  }
  return name === undefined ? entry : { ...entry, of: name };
}

/** Returns a config as `reader` reads it, or the fields that are too new for it. Specs 1 and 2 are read by all. */
function asRead(
  config: Record<string, unknown>,
  version: string,
  reader: Reader | undefined,
): Result<Readable, readonly Entry[]> {
  const [major, minor] = version.split('.').map(Number);
  if (reader === undefined || major !== 3 || minor === undefined) return ok({ config, version });
  const older = lowered(config, minor, reader);
  if (!older.ok || older.value === config) return older.ok ? ok({ config, version }) : older;
  return ok({ config: older.value, version: (older.value['ignition'] as { version: string }).version });
}

/** True when `text` is meant as an Ignition config, valid or not: it is neither empty nor another kind of user data. */
const holdsConfig = (text: string | undefined): boolean => text !== undefined && userDataKind(text) === 'json';

function layersUsed({ base, user, default: fallback }: Layers): readonly NamedText[] {
  const bases = base === undefined || typeof base === 'string' ? [{ layer: 'base', text: base }] : base;
  if (holdsConfig(user)) return [...bases, { layer: 'user', text: user }];
  const last = fallback === undefined || typeof fallback === 'string' ? { layer: 'default', text: fallback } : fallback;
  return [...bases, last];
}

function readLayer({ layer, text }: NamedText, engine: Engine): Result<ParsedLayer | undefined, LayeredEntry[]> {
  if (text === undefined) return ok(undefined);
  const parsed = parseConfig(text);
  if (!parsed.ok) {
    if (parsed.error.reason !== 'no-config') return err(inLayer(faultEntries(parsed.error), layer));
    // An operator wrote this layer, so it must be a config. Another kind of user data never gets here (`layersUsed`).
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

/** Returns the entries of a fault. A fault of the version has none, so its message becomes one. */
export function faultEntries(fault: Exclude<ParseFault, { reason: 'no-config' }>): readonly Entry[] {
  return fault.entries.some(({ severity }) => severity === 'error')
    ? fault.entries
    : [...fault.entries, refusal('ignition.version', fault.message)];
}

/**
 * Serves the only layer that is set. Spec 1 and 2 are served as written, spec 3 is served in its own version, or in the
 * newest that the machine reads.
 */
function alone(
  { layer, text, parsed }: ParsedLayer,
  entries: readonly LayeredEntry[],
  reader: Reader | undefined,
): Result<Composed, ComposeFault> {
  const served = (servedText: string, version: string, lints: readonly LayeredEntry[] = []): Composed => {
    const parts = () => leaves(JSON.parse(servedText)).map((path) => ({ path, layer }));
    return { text: servedText, version, entries: [...entries, ...lints], parts };
  };
  const schema = parsed.major === 3 ? SCHEMAS_V3[parsed.minor] : undefined;
  if (schema === undefined) return ok(served(text, parsed.version));
  const readable = asRead(plainConfig(schema, parsed.config), parsed.version, reader);
  if (!readable.ok) {
    const faults = readable.error.map((entry) => ({ ...entry, ...parsed.place(entry.path.split('.').map(asIndex)) }));
    return err({ entries: [...entries, ...inLayer(faults, layer)] });
  }
  const { config, version } = readable.value;
  return ok(served(JSON.stringify(config), version, lintEntries(config, version)));
}

/** Returns the warnings about what is served. Its paths are those of the result, not of a layer. */
const lintEntries = (config: Record<string, unknown>, version: string): LayeredEntry[] =>
  version.startsWith('3') ? inLayer(lint(config), RESULT) : [];

const asIndex = (part: string): string | number => (/^\d{1,9}$/.test(part) ? Number(part) : part);

/** Nobody reads more paths than this, and a long name would be repeated in each path below it. */
const MOST_LEAVES = 20_000;
const MOST_PATH_CHARACTERS = 2 * 1024 * 1024;
const MOST_PATH = 1000;

/** Returns the paths of all values that are neither an object nor a list; the last one says when there are more. */
function leaves(value: unknown): string[] {
  const paths: string[] = [];
  let characters = 0;
  const isFull = () => paths.length >= MOST_LEAVES || characters >= MOST_PATH_CHARACTERS;
  const walk = (inner: unknown, path: string): void => {
    if (typeof inner !== 'object' || inner === null) {
      paths.push(path);
      characters += path.length;
      return;
    }
    for (const [name, child] of Object.entries(inner)) {
      if (isFull()) return;
      walk(child, path === '' ? short(name) : short(`${path}.${short(name)}`));
    }
  };
  walk(value, '');
  return isFull() ? [...paths, '... and more'] : paths;
}

const short = (text: string): string => (text.length > MOST_PATH ? `${text.slice(0, MOST_PATH)}...` : text);

const refusal = (path: string, message: string): Entry => ({ severity: 'error', path, message });

const inLayer = (entries: readonly Entry[], layer: string): LayeredEntry[] =>
  entries.map((entry) => ({ ...entry, layer }));

const isReported = (entry: Entry, entries: readonly Entry[]): boolean =>
  entries.some(({ path, message }) => path === entry.path && message === entry.message);

function emptyConfig(engine: Engine, reader: Reader | undefined): Composed {
  const readsV3 = reader === undefined || reader.newestMinor !== undefined;
  const version = VERSION_OF_EMPTY[readsV3 ? engine : 'legacy'];
  return { text: JSON.stringify({ ignition: { version } }), version, entries: [], parts: () => [] };
}
