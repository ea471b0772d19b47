/**
 * The fields that Butane's flatcar variant accepts: those of the Ignition spec that it emits, with names in snake_case,
 * and Butane's own fields, which are called sugar (base/v0_4, base/v0_5 and config/flatcar of coreos/butane 0.29.0).
 * No I/O.
 */
import { type Shape, shapeOf } from '../../ignition/spec/shape.ts';
import { SCHEMAS_V3 } from '../../ignition/spec/v3.ts';
import { lazily } from '../../shared/lazily.ts';
import type { YamlShape } from '../yaml/decode.ts';

/** A version of a variant of Butane. */
export interface ButaneVersion {
  readonly variant: 'flatcar' | 'fcos';
  readonly text: string;
  /** This version emits a config of Ignition 3.`minor`. */
  readonly minor: number;
  /** Made when it is first asked for: a Worker that only boots machines never asks. */
  readonly shape: () => YamlShape;
}

const TEXT: YamlShape = { kind: 'text' };
const TEXTS: YamlShape = { kind: 'list', element: TEXT };

const RESOURCE_SUGAR: readonly [string, YamlShape][] = [
  ['inline', { kind: 'bytes' }],
  ['local', TEXT],
];

/** Returns the YAML name of an Ignition field: `httpHeaders` becomes `http_headers`, `sizeMiB` becomes `size_mib`. */
export const snakeCase = (name: string): string =>
  name.replace(/MiB$/, '_mib').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Returns the Ignition name of a YAML field: `http_headers` becomes `httpHeaders`. */
export const camelCase = (name: string): string =>
  name.replace(/_mib$/, 'MiB').replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** What Butane's base has of sugar besides `inline` and `local`: it grew with its versions. */
interface Sugar {
  /** `trees` and `with_mount_unit`. */
  readonly trees: boolean;
  /** `contents_local` and `ssh_authorized_keys_local`. */
  readonly localTexts: boolean;
}

/**
 * The versions that are read. Those of fcos are what Fedora CoreOS's documents and tools write; each is the base of Butane
 * under another head, with sugar for the boot disk that Flatcar has no use for (`UNUSABLE`).
 */
export const BUTANE_VERSIONS: readonly ButaneVersion[] = [
  version('flatcar', '1.0.0', 3, { trees: true, localTexts: false }),
  version('flatcar', '1.1.0', 4, { trees: true, localTexts: true }),
  version('fcos', '1.0.0', 0, { trees: false, localTexts: false }),
  version('fcos', '1.1.0', 1, { trees: true, localTexts: false }),
  version('fcos', '1.2.0', 2, { trees: true, localTexts: false }),
  version('fcos', '1.3.0', 2, { trees: true, localTexts: false }),
  version('fcos', '1.4.0', 3, { trees: true, localTexts: false }),
  version('fcos', '1.5.0', 4, { trees: true, localTexts: true }),
  version('fcos', '1.6.0', 5, { trees: true, localTexts: true }),
];

/** Sugar of other variants, by its path, and what Flatcar has instead. */
export const UNUSABLE: readonly (readonly [name: string, instead: string])[] = [
  ['boot_device', 'Flatcar lays out its boot disk itself: take it out, or describe further disks below storage'],
  ['grub', 'Flatcar has no users in GRUB: take it out'],
  ['metadata', 'it belongs to a MachineConfig of OpenShift: take it out'],
  ['openshift', 'it belongs to a MachineConfig of OpenShift: take it out'],
  ['extensions', 'Flatcar has system extensions instead of packages: put a sysext image below /etc/extensions'],
  ['quadlets', 'put the file below /etc/containers/systemd'],
];

function version(variant: ButaneVersion['variant'], text: string, minor: number, sugar: Sugar): ButaneVersion {
  return { variant, text, minor, shape: lazily(() => butaneShape(minor, sugar)) };
}

function butaneShape(minor: number, sugar: Sugar): YamlShape {
  const schema = SCHEMAS_V3[minor];
  if (schema === undefined) throw new Error(`no spec 3.${minor}`);
  const fields = new Map(fieldsOf(shapeOf(schema), [], sugar));
  const ignition = fields.get('ignition');
  if (ignition?.kind !== 'object') throw new Error('the schema has no ignition object');
  const { version: _emitted, ...engine } = Object.fromEntries(ignition.fields);
  fields.set('ignition', { kind: 'object', fields: new Map(Object.entries(engine)) });
  return { kind: 'object', fields: new Map([['variant', TEXT], ['version', TEXT], ...fields]) };
}

/** Returns the sugar of the object at a path. `path` is that of YAML without list indexes. */
function sugarAt(path: string, sugar: Sugar): readonly [string, YamlShape][] {
  if (!sugar.trees && path.startsWith('storage')) return [];
  if (path === 'storage') {
    const tree: YamlShape = {
      kind: 'object',
      fields: new Map([
        ['local', TEXT],
        ['path', TEXT],
      ]),
    };
    return [['trees', { kind: 'list', element: tree }]];
  }
  if (path === 'storage.filesystems') return [['with_mount_unit', { kind: 'flag' }]];
  if (!sugar.localTexts) return [];
  if (path === 'passwd.users') return [['ssh_authorized_keys_local', TEXTS]];
  return path === 'systemd.units' || path === 'systemd.units.dropins' ? [['contents_local', TEXT]] : [];
}

function yamlShape(shape: Shape, path: readonly string[], sugar: Sugar): YamlShape {
  if (shape.kind === 'object') return { kind: 'object', fields: new Map(fieldsOf(shape, path, sugar)) };
  if (shape.kind === 'list') return { kind: 'list', element: yamlShape(shape.element, path, sugar) };
  return { kind: shape.kind };
}

function fieldsOf(shape: Shape, path: readonly string[], sugar: Sugar): [string, YamlShape][] {
  if (shape.kind !== 'object') return [];
  const specFields = shape.fields.map(({ name, shape: field }): [string, YamlShape] => {
    const yaml = snakeCase(name);
    return [yaml, yamlShape(field, [...path, yaml], sugar)];
  });
  const own = shape.named.has('source') ? RESOURCE_SUGAR : sugarAt(path.join('.'), sugar);
  return [...specFields, ...own];
}
