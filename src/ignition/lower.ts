/**
 * Writes a config of spec 3 in an older version, which an older Ignition reads, if the older version can say all that the
 * config says. No I/O.
 */
import type * as z from 'zod';
import { err, ok, type Result } from '../shared/result.ts';
import { parseConfig } from './parse.ts';
import { newestSpec, type Reader } from './reader.ts';
import { plainConfig } from './render.ts';
import type { Entry } from './report.ts';
import { SCHEMAS_V3 } from './spec/v3.ts';
import { dataUrlText } from './urls/data-url.ts';
import { versionText } from './version.ts';

type Json = unknown;
type Fields = Readonly<Record<string, Json>>;
type Lowered = Result<Record<string, unknown>, readonly Entry[]>;

/** Setuid, setgid and sticky have an effect from this spec on (config/v3_6 in coreos/ignition). */
const SPECIAL_BITS_FROM = 6;
const SPECIAL_BITS = 0o7000;
/** Ignition loses the advertisements of a config that is older than this (config/v3_5/translate in coreos/ignition). */
const ADVERTISEMENT_FROM = 5;
/** Configs in configs in configs. */
const MOST_NESTED = 5;
/** Nobody reads more errors of one kind. */
const MOST = 100;

/**
 * Returns `config` as `reader` can read it: as it is, or in the newest version that `reader` knows. The errors name the
 * fields that need a newer one. `config` is valid at 3.`minor`, in plain JSON values (`plainConfig`).
 */
export function lowered(config: Record<string, unknown>, minor: number, reader: Reader): Lowered {
  const { newestMinor } = reader;
  if (newestMinor === undefined) {
    const message = `Ignition ${reader.ignition} reads spec 1 and 2 only, not ${versionText(minor)}`;
    return err([error('ignition.version', message)]);
  }
  const embedded = tooNewInside(config, reader, MOST_NESTED);
  if (embedded.length > 0) return err(embedded);
  if (minor <= newestMinor) return ok(config);
  const older = atVersion(config, versionText(newestMinor));
  const needs = (path: string, why: string) =>
    error(path, `${why}, but Ignition ${reader.ignition} reads specs up to ${newestSpec(reader)}`);
  const changed = changedEffects(config, newestMinor).map(([path, what, from]) =>
    needs(path, `${what} from spec ${versionText(from)} on`),
  );
  if (changed.length > 0) return err(changed);
  const parsed = parseConfig(JSON.stringify(older));
  if (!parsed.ok) {
    const entries = parsed.error.reason === 'no-config' ? [] : parsed.error.entries;
    const faults = entries.filter(({ severity }) => severity === 'error');
    const from = firstValid(config, newestMinor, minor);
    return err(faults.map(({ path, message }) => needs(path, `needs spec ${from} (${message})`)));
  }
  const schema = SCHEMAS_V3[newestMinor] as unknown as z.ZodType;
  const read = plainConfig(schema, parsed.value.config);
  const lost = missing(older, read);
  if (lost.length > 0)
    return err(lost.map((path) => needs(path, `needs spec ${firstWith(config, path, newestMinor, minor)}`)));
  return ok(read);
}

const error = (path: string, message: string): Entry => ({ severity: 'error', path, message });

const atVersion = (config: Fields, version: string): Record<string, unknown> => ({
  ...config,
  ignition: { ...(config['ignition'] as Fields), version },
});

/** Returns errors for the configs in data URLs that a config merges or is replaced by, and that `reader` does not know. */
function tooNewInside(config: Fields, reader: Reader, depth: number): Entry[] {
  const references = ((config['ignition'] as Fields | undefined)?.['config'] ?? {}) as Fields;
  const named: [string, Fields][] = listOf(references['merge']).map((one, index) => [`merge.${index}`, one]);
  const replace = references['replace'];
  if (typeof replace === 'object' && replace !== null) named.push(['replace', replace as Fields]);
  return named.flatMap(([name, { source, compression }]) => {
    const text = (compression ?? '') === '' ? dataUrlText(String(source ?? '')) : undefined;
    const parsed = text === undefined ? undefined : parseConfig(text);
    if (parsed?.ok !== true || parsed.value.major !== 3) return [];
    const path = `ignition.config.${name}.source`;
    if (parsed.value.minor > (reader.newestMinor ?? -1)) {
      const why = `holds a config of spec ${parsed.value.version}`;
      return [error(path, `${why}, but Ignition ${reader.ignition} reads specs up to ${newestSpec(reader)}`)];
    }
    const inner = depth === 0 ? [] : tooNewInside(parsed.value.config as unknown as Fields, reader, depth - 1);
    return inner.slice(0, 1).map(({ message }) => error(path, `in the config that it holds: ${message}`));
  });
}

/** Returns the first version above `above` by whose rules the config is valid. */
function firstValid(config: Fields, above: number, minor: number): string {
  for (let candidate = above + 1; candidate < minor; candidate += 1)
    if (parseConfig(JSON.stringify(atVersion(config, versionText(candidate)))).ok) return versionText(candidate);
  return versionText(minor);
}

/** Returns the first version that keeps the field at `path`. */
function firstWith(config: Fields, path: string, above: number, minor: number): string {
  for (let candidate = above + 1; candidate < minor; candidate += 1) {
    const version = versionText(candidate);
    const parsed = parseConfig(JSON.stringify(atVersion(config, version)));
    if (!parsed.ok) continue;
    const schema = SCHEMAS_V3[candidate] as unknown as z.ZodType;
    if (!missing(atVersion(config, version), plainConfig(schema, parsed.value.config)).includes(path)) return version;
  }
  return versionText(minor);
}

/** Returns fields that the older version reads too, and to which it gives another effect. */
function changedEffects(config: Fields, minor: number): [path: string, what: string, from: number][] {
  const storage = (config['storage'] ?? {}) as Fields;
  const found: [string, string, number][] = [];
  if (minor < SPECIAL_BITS_FROM)
    for (const kind of ['files', 'directories'])
      for (const [index, node] of listOf(storage[kind]).entries())
        if (((node['mode'] as number | undefined) ?? 0) & SPECIAL_BITS)
          found.push([`storage.${kind}.${index}.mode`, 'setuid, setgid and sticky have an effect', SPECIAL_BITS_FROM]);
  if (minor < ADVERTISEMENT_FROM)
    for (const [index, device] of listOf(storage['luks']).entries())
      for (const [at, server] of listOf((device['clevis'] as Fields | undefined)?.['tang']).entries())
        if (typeof server['advertisement'] === 'string' && server['advertisement'] !== '')
          found.push([`storage.luks.${index}.clevis.tang.${at}.advertisement`, 'is kept', ADVERTISEMENT_FROM]);
  return found.slice(0, MOST);
}

const listOf = (value: Json): readonly Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);

/** Returns the paths of the members of `whole` that `part` does not have, or has otherwise. */
function missing(whole: Json, part: Json): string[] {
  const paths: string[] = [];
  const compare = (a: Json, b: Json, path: string): void => {
    if (paths.length >= MOST || a === b) return;
    const areBoth = typeof a === 'object' && a !== null && typeof b === 'object' && b !== null;
    if (!areBoth) {
      paths.push(path);
      return;
    }
    for (const [name, inner] of Object.entries(a)) {
      // A section of which nothing is left is not there; what was in it is what is missing.
      const other = Object.hasOwn(b, name) ? (b as Fields)[name] : path === '' ? {} : undefined;
      compare(inner, other, path === '' ? name : `${path}.${name}`);
    }
  };
  compare(whole, part, '');
  return paths;
}
