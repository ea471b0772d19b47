/**
 * The fields that Butane's flatcar variant accepts: those of the Ignition spec that it emits, with names in snake_case,
 * and Butane's own fields, which are called sugar (base/v0_4, base/v0_5 and config/flatcar of coreos/butane 0.29.0).
 * No I/O.
 */
import { type Shape, shapeOf } from '../../ignition/spec/shape.ts';
import { SCHEMAS_V3 } from '../../ignition/spec/v3.ts';
import type { YamlShape } from '../yaml/decode.ts';

/** A version of the flatcar variant. */
export interface ButaneVersion {
  readonly text: string;
  /** This version emits a config of Ignition 3.`minor`. */
  readonly minor: number;
  readonly shape: YamlShape;
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

export const BUTANE_VERSIONS: readonly ButaneVersion[] = [
  { text: '1.0.0', minor: 3, shape: butaneShape(3, false) },
  { text: '1.1.0', minor: 4, shape: butaneShape(4, true) },
];

function butaneShape(minor: number, takesLocalTexts: boolean): YamlShape {
  const schema = SCHEMAS_V3[minor];
  if (schema === undefined) throw new Error(`no spec 3.${minor}`);
  const fields = new Map(fieldsOf(shapeOf(schema), [], takesLocalTexts));
  const ignition = fields.get('ignition');
  if (ignition?.kind !== 'object') throw new Error('the schema has no ignition object');
  const { version: _emitted, ...engine } = Object.fromEntries(ignition.fields);
  fields.set('ignition', { kind: 'object', fields: new Map(Object.entries(engine)) });
  return { kind: 'object', fields: new Map([['variant', TEXT], ['version', TEXT], ...fields]) };
}

/** Returns the sugar of the object at a path. `path` is that of YAML without list indexes. */
function sugarAt(path: string, takesLocalTexts: boolean): readonly [string, YamlShape][] {
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
  if (!takesLocalTexts) return [];
  if (path === 'passwd.users') return [['ssh_authorized_keys_local', TEXTS]];
  return path === 'systemd.units' || path === 'systemd.units.dropins' ? [['contents_local', TEXT]] : [];
}

function yamlShape(shape: Shape, path: readonly string[], takesLocalTexts: boolean): YamlShape {
  if (shape.kind === 'object') return { kind: 'object', fields: new Map(fieldsOf(shape, path, takesLocalTexts)) };
  if (shape.kind === 'list') return { kind: 'list', element: yamlShape(shape.element, path, takesLocalTexts) };
  return { kind: shape.kind };
}

function fieldsOf(shape: Shape, path: readonly string[], takesLocalTexts: boolean): [string, YamlShape][] {
  if (shape.kind !== 'object') return [];
  const specFields = shape.fields.map(({ name, shape: field }): [string, YamlShape] => {
    const yaml = snakeCase(name);
    return [yaml, yamlShape(field, [...path, yaml], takesLocalTexts)];
  });
  const sugar = shape.named.has('source') ? RESOURCE_SUGAR : sugarAt(path.join('.'), takesLocalTexts);
  return [...specFields, ...sugar];
}
