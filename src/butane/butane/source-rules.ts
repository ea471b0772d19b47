/**
 * The rules that Butane checks on its source before it translates (Validate functions of base, config/flatcar). No I/O.
 */
import { parseConfig } from '../../ignition/parse.ts';
import type { Path } from '../../ignition/report.ts';
import type { YamlObject, YamlValue } from '../yaml/decode.ts';
import type { YamlReport } from '../yaml/yaml-report.ts';
import type { ButaneVersion } from './shape.ts';

/** The greatest decimal number that may be an octal mode without its leading zero. */
const MOST_DECIMAL_MODE = 7777;

/** Reports the errors of a source: two kinds of contents at once, incomplete sugar, and modes in decimal. */
export function checkSource(source: YamlObject, version: ButaneVersion, report: YamlReport): void {
  visit(source, [], (object, path) => {
    if (path.length > 0 && path.at(-1) !== 'trees' && isResource(object, path))
      checkResource(object, path, version, report);
    checkLocalContents(object, path, report);
  });
  const storage = objectAt(source, 'storage');
  for (const [index, filesystem] of listAt(storage, 'filesystems').entries()) {
    checkMounted(filesystem, ['storage', 'filesystems', index], report);
  }
  for (const [index, tree] of listAt(storage, 'trees').entries()) {
    if ((tree['local'] ?? '') === '') report.add('error', ['storage', 'trees', index], 'local is required');
  }
  for (const kind of ['files', 'directories'] as const) {
    for (const [index, node] of listAt(storage, kind).entries()) {
      checkMode(node['mode'], kind === 'directories', ['storage', kind, index, 'mode'], report);
    }
  }
}

/** Calls `see` for each object in `value`, with the object's path. */
export function visit(value: YamlValue | undefined, path: Path, see: (object: YamlObject, path: Path) => void): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) visit(item, [...path, index], see);
  } else if (typeof value === 'object' && !(value instanceof Uint8Array)) {
    see(value, path);
    for (const [name, inner] of Object.entries(value)) visit(inner, [...path, name], see);
  }
}

/** True for an object that has one of `local`, `inline` and `source`, such as contents or a key file. */
export function isResource(object: YamlObject, path: Path): boolean {
  const name = path.findLast((step) => typeof step === 'string');
  const isNamed = ['contents', 'append', 'merge', 'replace', 'certificate_authorities', 'key_file'].includes(
    String(name),
  );
  return isNamed && !Array.isArray(object);
}

function checkResource(resource: YamlObject, path: Path, version: ButaneVersion, report: YamlReport): void {
  const set = ['local', 'inline', 'source'].filter((name) => resource[name] !== undefined);
  const last = set.at(-1);
  if (set.length > 1 && last !== undefined) {
    report.add('error', [...path, last], 'only one of the following can be set: inline, local, source');
    return;
  }
  const { inline } = resource;
  const isReference = path[0] === 'ignition' && path[1] === 'config';
  if (isReference && inline instanceof Uint8Array) checkInlineConfig(inline, path, version, report);
}

/** Checks an inline config in `merge` or `replace`. Its version must be the one that Butane emits. */
function checkInlineConfig(inline: Uint8Array, path: Path, version: ButaneVersion, report: YamlReport): void {
  const text = new TextDecoder().decode(inline);
  const parsed = parseConfig(text);
  const emitted = `3.${version.minor}.0`;
  if (!parsed.ok) {
    const { error } = parsed;
    if (error.reason === 'unsupported-version' && statesVersion(text)) {
      report.add('warning', [...path, 'version'], UNKNOWN_VERSION);
    } else if (error.reason === 'unparsable-version' || error.reason === 'unsupported-version') {
      const message = "invalid config version (couldn't parse)";
      report.addEntry({ severity: 'error', path: 'ignition.version', message });
    } else if (error.reason === 'no-config') {
      report.addEntry({ severity: 'error', path: '$', message: 'not a config' });
      report.add('error', [...path, 'inline'], 'config is not valid');
    } else {
      for (const { line: _line, column: _column, ...entry } of error.entries) report.addEntry(entry);
      const isUnread = error.entries.some((entry) => entry.path === '$' && entry.severity === 'error');
      if (isUnread) report.add('error', [...path, 'inline'], 'config is not valid');
    }
    return;
  }
  if (parsed.value.version !== emitted) {
    report.add('warning', [...path, 'version'], UNKNOWN_VERSION);
    return;
  }
  for (const { line: _line, column: _column, ...entry } of parsed.value.entries) report.addEntry(entry);
}

/**
 * True when the config states its version. Without one, Flatcar's Ignition reports an unsupported version, but Butane
 * reports a version that cannot be parsed.
 */
function statesVersion(json: string): boolean {
  const config = JSON.parse(json) as { ignition?: { version?: unknown } | null } | null;
  const version = config?.ignition?.version;
  return typeof version === 'string' && version !== '';
}

const UNKNOWN_VERSION = 'skipping validation for the merge/replace ignition config due to an unknown version';

function checkLocalContents(object: YamlObject, path: Path, report: YamlReport): void {
  if (object['contents'] !== undefined && object['contents_local'] !== undefined) {
    report.add('error', [...path, 'contents_local'], 'only one of the following can be set: contents, contents_local');
  }
}

function checkMounted(filesystem: YamlObject, path: Path, report: YamlReport): void {
  if (filesystem['with_mount_unit'] !== true) return;
  const format = filesystem['format'] ?? '';
  if (format === '') report.add('error', [...path, 'format'], 'format is required if with_mount_unit is true');
  else if (format !== 'swap' && (filesystem['path'] ?? '') === '') {
    report.add('error', [...path, 'path'], 'path is required if with_mount_unit is true and format is not swap');
  }
}

function checkMode(mode: YamlValue | undefined, isDirectory: boolean, path: Path, report: YamlReport): void {
  if (typeof mode !== 'number' || mode < 0 || mode > MOST_DECIMAL_MODE || /[89]/.test(String(mode))) return;
  if (isTypical(mode, isDirectory) || !isTypical(Number.parseInt(String(mode), 8), isDirectory)) return;
  const message = 'unreasonable mode would be reasonable if specified in octal; remember to add a leading zero';
  report.add('warning', path, message);
}

/**
 * True for a mode that people use: the group has every right of the others, the user has every right of the group, and
 * nobody writes or executes without reading. The special bits must fit too.
 */
function isTypical(mode: number, isDirectory: boolean): boolean {
  if (mode === 0) return true;
  const met = { r: false, w: false, x: false };
  for (const shift of [0, 3, 6]) {
    const bits = (mode >> shift) & 7;
    const now = { r: (bits & 4) !== 0, w: (bits & 2) !== 0, x: (bits & 1) !== 0 };
    if ((met.r && !now.r) || (met.w && !now.w) || (met.x && !now.x)) return false;
    if (now.x && met.r && !met.x) return false;
    if ((now.w || now.x) && !now.r) return false;
    met.r ||= now.r;
    met.w ||= now.w;
    met.x ||= now.x;
  }
  if (!met.r) return false;
  const [setuid, setgid, sticky] = [(mode & 0o4000) !== 0, (mode & 0o2000) !== 0, (mode & 0o1000) !== 0];
  if (isDirectory) return met.x && !setuid && (met.w || !(setgid || sticky));
  return !sticky && (!(setuid || setgid) || (met.x && (mode & 0o002) === 0));
}

/** Returns the object in a field, or an empty object when the field holds none. */
export function objectAt(object: YamlObject | undefined, name: string): YamlObject {
  const value = object?.[name];
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array) ? value : {};
}

/** Returns the objects of a list field, or an empty list when the field holds no list. */
export function listAt(object: YamlObject | undefined, name: string): YamlObject[] {
  const value = object?.[name];
  return Array.isArray(value) ? (value as YamlObject[]) : [];
}
