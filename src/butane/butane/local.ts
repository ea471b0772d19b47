/**
 * Puts the local files that a source names in their places: contents, units, SSH keys and trees (base/v0_5/translate.go of
 * coreos/butane). What remains is a source without local files. No I/O.
 */
import type { Path } from '../../ignition/report.ts';
import { err, type Result } from '../../shared/result.ts';
import type { LocalEntry, LocalFiles } from '../local-files.ts';
import type { YamlObject, YamlValue } from '../yaml/decode.ts';
import type { YamlReport } from '../yaml/yaml-report.ts';
import { isResource, listAt, objectAt, visit } from './source-rules.ts';

const NO_FILES =
  'local files cannot be read here: send a tar of the config and its files, transpile with butane and its files directory, or put the contents inline';
/** A file may be named any number of times, and each time it is compressed and encoded. */
const MOST_EMBEDDED = 4 * 1024 * 1024;
const TOO_MUCH = `the local files come to over ${MOST_EMBEDDED} bytes: fetch large ones by a URL`;
/** Each tree is looked for among all files. */
const MOST_TREES = 1000;
const MODE = 0o644;
const EXECUTABLE = 0o755;

/** Reports the fields that ask for a local file, where there are none. */
export function refuseLocal(source: YamlObject, report: YamlReport): void {
  visit(source, [], (object, path) => {
    if (object['local'] !== undefined && isResource(object, path)) report.add('error', [...path, 'local'], NO_FILES);
    if ((object['contents_local'] ?? '') !== '') report.add('error', [...path, 'contents_local'], NO_FILES);
    const keys = object['ssh_authorized_keys_local'];
    if (Array.isArray(keys) && keys.length > 0) report.add('error', [...path, 'ssh_authorized_keys_local'], NO_FILES);
  });
  if (listAt(objectAt(source, 'storage'), 'trees').length > 0) report.add('error', ['storage', 'trees', 0], NO_FILES);
}

/** Replaces the fields of `source` that name local files by what the files hold, and reports those that cannot be read. */
export function embedLocal(source: YamlObject, given: LocalFiles, report: YamlReport): void {
  const files = new Metered(given);
  visit(source, [], (object, path) => {
    if (typeof object['local'] === 'string' && isResource(object, path)) {
      const bytes = found(files.read(object['local']), [...path, 'local'], report);
      delete object['local'];
      if (bytes !== undefined) object['inline'] = bytes;
    }
    const unit = object['contents_local'];
    if (typeof unit === 'string' && unit !== '') {
      const bytes = found(files.read(unit), [...path, 'contents_local'], report);
      if (bytes !== undefined) object['contents'] = new TextDecoder().decode(bytes);
    }
    const keys = object['ssh_authorized_keys_local'];
    if (Array.isArray(keys) && keys.length > 0) addKeys(object, keys, files, path, report);
  });
  embedTrees(source, files, report);
}

/** Counts what is embedded. */
class Metered {
  readonly #files: LocalFiles;
  #bytes = 0;

  constructor(files: LocalFiles) {
    this.#files = files;
  }

  read(path: string): Result<Uint8Array<ArrayBuffer>, string> {
    const read = this.#files.read(path);
    return !read.ok || this.takes(read.value) ? read : err(TOO_MUCH);
  }

  below(path: string): Result<[string, LocalEntry][], string> {
    return this.#files.below(path);
  }

  /** Returns false once too much is embedded. */
  takes(bytes: Uint8Array): boolean {
    // An empty file costs something too.
    this.#bytes += bytes.length + 100;
    return this.#bytes <= MOST_EMBEDDED;
  }
}

function addKeys(user: YamlObject, names: YamlValue[], files: Metered, path: Path, report: YamlReport): void {
  const own = user['ssh_authorized_keys'];
  const keys: YamlValue[] = Array.isArray(own) ? [...own] : [];
  for (const [index, name] of names.entries()) {
    const bytes = found(files.read(String(name)), [...path, 'ssh_authorized_keys_local', index], report);
    const lines = new TextDecoder().decode(bytes ?? new Uint8Array()).split(/\r?\n/);
    keys.push(...lines.filter((line) => line !== ''));
  }
  user['ssh_authorized_keys'] = keys;
}

function embedTrees(source: YamlObject, files: Metered, report: YamlReport): void {
  const storage = objectAt(source, 'storage');
  const trees = listAt(storage, 'trees');
  if (storage === undefined || trees.length === 0) return;
  if (trees.length > MOST_TREES) {
    report.add('error', ['storage', 'trees'], `has over ${MOST_TREES} trees`);
    return;
  }
  const nodes = new Nodes(storage);
  for (const [index, tree] of trees.entries()) {
    const at: Path = ['storage', 'trees', index];
    const inside = found(files.below(String(tree['local'] ?? '')), at, report) ?? [];
    const root = typeof tree['path'] === 'string' && tree['path'] !== '' ? tree['path'] : '/';
    for (const [name, entry] of inside) {
      if (entry.kind === 'file' && !files.takes(entry.bytes)) {
        report.add('error', at, TOO_MUCH);
        return;
      }
      const fault = nodes.add(joined(root, name), entry);
      if (fault !== undefined) report.add('error', at, fault);
    }
  }
  nodes.store();
}

/** Joins as Go's path.Join: what leads above the root stays at the root. */
function joined(root: string, name: string): string {
  const parts: string[] = [];
  for (const part of `${root}/${name}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** The files, links and directories of a source, to which trees are added. */
class Nodes {
  readonly #storage: YamlObject;
  readonly #files: YamlObject[];
  readonly #links: YamlObject[];
  readonly #byPath = new Map<string, { readonly list: 'files' | 'links' | 'directories'; readonly node: YamlObject }>();

  constructor(storage: YamlObject) {
    this.#storage = storage;
    this.#files = [...listAt(storage, 'files')];
    this.#links = [...listAt(storage, 'links')];
    for (const list of ['files', 'links', 'directories'] as const)
      for (const node of listAt(storage, list)) this.#byPath.set(String(node['path'] ?? ''), { list, node });
  }

  /** Adds an entry of a tree, or completes the node that stands at its path. Returns why it cannot. */
  add(path: string, entry: LocalEntry): string | undefined {
    if (entry.kind === 'directory') return undefined;
    if (entry.kind === 'other') return 'trees may only contain files, directories, and symlinks';
    const list = entry.kind === 'file' ? 'files' : 'links';
    const known = this.#byPath.get(path);
    if (known !== undefined && (known.list !== list || holdsContents(known.node)))
      return 'matching filesystem node has existing contents or different type';
    const node = known?.node ?? this.#added(list, path);
    if (entry.kind === 'link') node['target'] = entry.target;
    else {
      node['contents'] = { ...(objectAt(node, 'contents') ?? {}), inline: entry.bytes };
      node['mode'] ??= entry.isExecutable ? EXECUTABLE : MODE;
    }
    return undefined;
  }

  store(): void {
    if (this.#files.length > 0) this.#storage['files'] = this.#files;
    if (this.#links.length > 0) this.#storage['links'] = this.#links;
  }

  #added(list: 'files' | 'links', path: string): YamlObject {
    const node: YamlObject = { path };
    (list === 'files' ? this.#files : this.#links).push(node);
    this.#byPath.set(path, { list, node });
    return node;
  }
}

const holdsContents = (node: YamlObject): boolean => {
  const { source, inline } = objectAt(node, 'contents') ?? {};
  return source !== undefined || inline !== undefined || (node['target'] ?? '') !== '';
};

function found<T>(result: Result<T, string>, path: Path, report: YamlReport): T | undefined {
  if (result.ok) return result.value;
  report.add('error', path, result.error);
  return undefined;
}
