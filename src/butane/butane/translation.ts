/**
 * Translates a checked Butane source into a config of the Ignition spec that it emits, and maps the config's paths back
 * to those of the source. No I/O.
 */
import type * as z from 'zod';
import { completed } from '../../ignition/decode.ts';
import { mergeConfigs } from '../../ignition/merge.ts';
import type { Path } from '../../ignition/report.ts';
import { type ConfigV3, SCHEMAS_V3 } from '../../ignition/spec/v3.ts';
import type { LocalFiles } from '../local-files.ts';
import { dataUrlOf, type Gzip } from '../resources.ts';
import type { YamlObject, YamlValue } from '../yaml/decode.ts';
import type { YamlReport } from '../yaml/yaml-report.ts';
import { embedLocal, refuseLocal } from './local.ts';
import { mountUnit } from './mount-units.ts';
import { type ButaneVersion, camelCase } from './shape.ts';
import { listAt, objectAt } from './source-rules.ts';

export interface Generated {
  readonly config: ConfigV3;
  /** Maps a path of the config to the path in YAML that it came from. `snake` is `path` with names in snake_case. */
  readonly pathInYaml: (path: Path, snake: Path) => Path;
}

/** Fields of Butane that Ignition does not have. */
const SUGAR = ['inline', 'local', 'with_mount_unit', 'ssh_authorized_keys_local', 'contents_local', 'trees', 'variant'];

/**
 * Returns the Ignition config of a source. The local files that it names are taken from `files`; without any, a field that
 * names one is reported as an error.
 */
export function translate(
  source: YamlObject,
  version: ButaneVersion,
  gzip: Gzip | 'plain',
  files: LocalFiles | undefined,
  report: YamlReport,
): Generated {
  if (files === undefined) refuseLocal(source, report);
  else embedLocal(source, files, report);
  const inlined = new Set<string>();
  const plain = toIgnition(source, [], gzip, inlined) as Record<string, unknown>;
  const text = `3.${version.minor}.0`;
  const ignition = { ...(plain['ignition'] as object | undefined), version: text };
  const schema = SCHEMAS_V3[version.minor] as unknown as z.ZodType<ConfigV3>;
  const { version: _header, ...rest } = plain;
  const user = completed(schema, { ...rest, ignition }) as ConfigV3;
  const mounted = listAt(objectAt(source, 'storage'), 'filesystems').flatMap((filesystem, index) =>
    filesystem['with_mount_unit'] === true ? [index] : [],
  );
  const units = mounted.map((index) => mountUnit((user.storage?.filesystems ?? [])[index] as never));
  if (units.length === 0) return { config: user, pathInYaml: (_path, snake) => fromInline(snake, inlined) };
  // Generated units are merged as the parent: two of one name must stay two, so that Ignition's rules report them.
  const generated: ConfigV3 = { ignition: { version: text }, systemd: { units } };
  const { config } = mergeConfigs(schema, generated, user);
  const userUnits = user.systemd?.units ?? [];
  const generatedNames = new Set(units.map(({ name }) => name));
  const own = userUnits.flatMap(({ name }, index) => (generatedNames.has(name) ? [] : [index]));
  const merged = units.map(({ name }) => userUnits.findIndex((unit) => unit.name === name));
  const userIndexes = [...merged, ...own];
  return {
    config,
    pathInYaml: (_path, snake) => fromInline(fromUnits(snake, mounted, userIndexes), inlined),
  };
}

/** Reports the fields that the flatcar variant forbids although the Ignition spec has them. */
export function findForbidden(source: YamlObject, report: YamlReport): void {
  for (const [index, device] of listAt(objectAt(source, 'storage'), 'luks').entries()) {
    if (holdsAnything(device['clevis']))
      report.add('error', ['storage', 'luks', index, 'clevis'], 'clevis is not supported in this spec version');
  }
}

function toIgnition(value: YamlValue, path: Path, gzip: Gzip | 'plain', inlined: Set<string>): unknown {
  if (Array.isArray(value)) return value.map((item, index) => toIgnition(item, [...path, index], gzip, inlined));
  if (typeof value !== 'object' || value instanceof Uint8Array) return value;
  const fields: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (!SUGAR.includes(name)) fields[camelCase(name)] = toIgnition(inner, [...path, name], gzip, inlined);
  }
  const { inline, compression } = value;
  if (!(inline instanceof Uint8Array)) return fields;
  inlined.add(path.join('.'));
  const isCompressed = typeof compression === 'string' && compression !== '';
  const url = dataUrlOf(new Uint8Array(inline), isCompressed && gzip !== 'plain' ? undefined : gzip);
  return { ...fields, source: url.source, compression: isCompressed ? compression : url.compression };
}

/** A finding about a `source` that was made of inline contents belongs to `inline`, which is what the user wrote. */
function fromInline(snake: Path, inlined: ReadonlySet<string>): Path {
  const last = snake.at(-1);
  const owner = snake.slice(0, -1);
  return last === 'source' && inlined.has(owner.join('.')) ? [...owner, 'inline'] : snake;
}

/**
 * Maps the path of a unit to YAML. A generated unit belongs to the `with_mount_unit` of its file system. `userIndexes`
 * has the index in YAML of each unit of the config; -1 for a generated one that the user did not write too.
 */
function fromUnits(snake: Path, mounted: readonly number[], userIndexes: readonly number[]): Path {
  const [section, list, index, ...rest] = snake;
  if (section !== 'systemd' || list !== 'units' || typeof index !== 'number') return snake;
  const userIndex = userIndexes[index];
  const filesystem = mounted[index];
  if (userIndex === -1 && filesystem !== undefined) return ['storage', 'filesystems', filesystem, 'with_mount_unit'];
  return userIndex === undefined ? snake : [section, list, userIndex, ...rest];
}

const holdsAnything = (value: YamlValue | undefined): boolean => {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && !(value instanceof Uint8Array)) return Object.values(value).some(holdsAnything);
  return value !== undefined;
};
