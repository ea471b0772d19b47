/**
 * Translates the sections of a Container Linux Config that Ignition 2.3 has too (config/types of the transpiler 0.9.4).
 * No I/O.
 */

import type { Path } from '../../ignition/report.ts';
import { plainDataUrl } from '../../ignition/urls/data-url.ts';
import { parseGoUrl } from '../../ignition/urls/go-url.ts';
import { camelCase } from '../butane/shape.ts';
import { listAt, objectAt } from '../butane/source-rules.ts';
import type { YamlObject, YamlValue } from '../yaml/decode.ts';
import { mebibytes } from './sizes.ts';

export type Told = (path: Path, message: string) => void;

const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;
const NO_FILES = 'local files require setting the --files-dir flag: put the contents inline, or transpile with ct';
const PARTITION_TYPES: Readonly<Record<string, string>> = {
  raid_containing_root: 'be9067b9-ea49-4f15-b4f6-f36f8c9e1818',
  linux_filesystem_data: '0fc63daf-8483-4772-8e79-3d69d8477de4',
  swap_partition: '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f',
  raid_partition: 'a19d880f-05fc-4d3b-a006-743f0f84911e',
};

/** Returns the sections that Ignition has too. Calls `tell` for each value that cannot be translated. */
export function plainSections(source: YamlObject, tell: Told): Record<string, unknown> {
  const ignition = objectAt(source, 'ignition');
  const config = objectAt(ignition, 'config');
  const authorities = listAt(objectAt(objectAt(ignition, 'security'), 'tls'), 'certificate_authorities');
  const path = ['ignition', 'config'];
  return {
    ignition: {
      version: '2.3.0',
      config: {
        append: listAt(config, 'append').map((entry, index) => reference(entry, [...path, 'append', index], tell)),
        ...(config['replace'] !== undefined && {
          replace: reference(objectAt(config, 'replace'), [...path, 'replace'], tell),
        }),
      },
      timeouts: camel(objectAt(ignition, 'timeouts')),
      security: {
        tls: {
          certificateAuthorities: authorities.map((entry, index) =>
            reference(entry, ['ignition', 'security', 'tls', 'certificate_authorities', index], tell),
          ),
        },
      },
    },
    storage: storageOf(objectAt(source, 'storage'), tell),
    systemd: camel(objectAt(source, 'systemd')),
    networkd: camel(objectAt(source, 'networkd')),
    passwd: camel(objectAt(source, 'passwd')),
  };
}

function reference(entry: YamlObject, path: Path, tell: Told): object {
  const source = String(entry['source'] ?? '');
  const url = parseGoUrl(source);
  if (!url.ok) tell([...path, 'source'], url.error);
  return { source, ...verificationOf(entry) };
}

/** Returns the hash of an entry. The transpiler ignores a hash without its function or its sum. */
function verificationOf(entry: YamlObject): object {
  const { function: name = '', sum = '' } = objectAt(objectAt(entry, 'verification'), 'hash');
  return name === '' || sum === '' ? {} : { verification: { hash: `${name}-${sum}` } };
}

function storageOf(storage: YamlObject, tell: Told): object {
  return {
    disks: listAt(storage, 'disks').map((disk, index) => ({
      ...(camel(disk) as object),
      partitions: listAt(disk, 'partitions').map((partition, number) =>
        partitionOf(partition, ['storage', 'disks', index, 'partitions', number], tell),
      ),
    })),
    raid: camel(listAt(storage, 'raid')),
    filesystems: camel(listAt(storage, 'filesystems')),
    files: listAt(storage, 'files').map((file, index) => ({
      ...nodeOf(file, FILE_MODE),
      append: file['append'] === true,
      contents: contentsOf(objectAt(file, 'contents'), ['storage', 'files', index, 'contents'], tell),
    })),
    directories: listAt(storage, 'directories').map((directory) => nodeOf(directory, DIRECTORY_MODE)),
    links: listAt(storage, 'links').map((link) => nodeOf(link, undefined)),
  };
}

function partitionOf(partition: YamlObject, path: Path, tell: Told): object {
  const { size = '', start = '', type_guid: type, ...rest } = partition;
  const [sizeMiB, startMiB] = [mebibytes(String(size)), mebibytes(String(start))];
  if (!sizeMiB.ok) tell([...path, 'size'], sizeMiB.error);
  if (!startMiB.ok) tell([...path, 'start'], startMiB.error);
  const typeGuid = Object.hasOwn(PARTITION_TYPES, String(type)) ? PARTITION_TYPES[String(type)] : type;
  return {
    ...(camel(rest) as object),
    ...(typeGuid === undefined ? {} : { typeGuid }),
    ...(sizeMiB.ok && sizeMiB.value !== undefined ? { sizeMiB: sizeMiB.value } : {}),
    ...(startMiB.ok && startMiB.value !== undefined ? { startMiB: startMiB.value } : {}),
  };
}

function nodeOf(node: YamlObject, mode: number | undefined): object {
  const { contents: _contents, append: _append, filesystem = '', user, group, ...rest } = node;
  return {
    ...(camel(rest) as object),
    filesystem: filesystem === '' ? 'root' : filesystem,
    ...(user === undefined ? {} : { user: ownerOf(user) }),
    ...(group === undefined ? {} : { group: ownerOf(group) }),
    ...(mode === undefined ? {} : { mode: node['mode'] ?? mode }),
  };
}

const ownerOf = (owner: YamlValue): object => ({ name: '', ...(owner as YamlObject) });

function contentsOf(contents: YamlObject, path: Path, tell: Told): object {
  const { inline, local = '' } = contents;
  if (local !== '') tell([...path, 'local'], NO_FILES);
  const remote = objectAt(contents, 'remote');
  const url = String(remote['url'] ?? '');
  const bytes = inline instanceof Uint8Array ? inline : '';
  const source = url === '' ? plainDataUrl(bytes) : urlOf(url, [...path, 'remote', 'url'], tell);
  const { compression = '' } = remote;
  return { source, ...(compression === '' ? {} : { compression }), ...verificationOf(remote) };
}

/** Returns a URL as Go prints it after parsing. */
function urlOf(url: string, path: Path, tell: Told): string {
  const parsed = parseGoUrl(url);
  if (parsed.ok) return parsed.value.text;
  tell(path, parsed.error);
  return url;
}

/** Returns a copy in which every field has its Ignition name. */
function camel(value: YamlValue): unknown {
  if (Array.isArray(value)) return value.map(camel);
  if (typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [camelCase(name), camel(inner)]));
}
