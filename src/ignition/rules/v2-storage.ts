/**
 * The rules of spec 2 for arrays, file systems, files, directories and links. A path must be absolute but need not be
 * clean. No I/O.
 */
import type { Findings, Path } from '../report.ts';
import type { ConfigV2 } from '../spec/v2.ts';
import { byteLength } from './disks.ts';
import { checkDisksV2 } from './v2-disks.ts';
import { checkHashV2, checkHeadersV2, checkSourceV2 } from './v2-resources.ts';

type Storage = NonNullable<ConfigV2['storage']>;
type Filesystem = NonNullable<Storage['filesystems']>[number];
type File = NonNullable<Storage['files']>[number];
type Node = Pick<File, 'filesystem' | 'path' | 'user' | 'group'>;

const LABEL_BYTES_BY_FORMAT: Readonly<Record<string, number>> = { ext4: 16, btrfs: 256, xfs: 12, swap: 15, vfat: 11 };
const FORMATS_SINCE_2_1 = ['swap', 'vfat'];
const WITHOUT_SPARES = ['linear', 'raid0', '0', 'stripe'];
const LEVELS = [...WITHOUT_SPARES, 'raid1', '1', 'mirror', 'raid4', '4', 'raid5', '5', 'raid6', '6', 'raid10', '10'];
const MODE_WARNING_SINCE = 2;
const MOST_MODE = 0o7777;

/** Reports the errors and warnings about the storage of `config`, which was written as 2.`minor`. */
export function checkStorageV2({ storage }: ConfigV2, minor: number, report: Findings): void {
  if (storage === undefined) return;
  checkDisksV2(storage.disks ?? [], minor, report);
  for (const [index, { level, spares, devices = [] }] of (storage.raid ?? []).entries()) {
    const path = ['storage', 'raid', index];
    if (!LEVELS.includes(level)) report.error([...path, 'level'], 'unrecognized raid level');
    else if (WITHOUT_SPARES.includes(level) && spares !== 0)
      report.error([...path, 'level'], 'spares unsupported for arrays with a level greater than 0');
    if (devices.some((device) => !device.startsWith('/'))) report.error([...path, 'devices'], 'path not absolute');
  }
  const names = new Set(['root']);
  for (const [index, filesystem] of (storage.filesystems ?? []).entries()) {
    const path = ['storage', 'filesystems', index];
    if (names.has(filesystem.name))
      report.warn(path, `filesystem "${filesystem.name}" shadows existing filesystem definition`);
    names.add(filesystem.name);
    checkFilesystem(filesystem, path, minor, report);
  }
  for (const kind of ['files', 'directories', 'links'] as const) {
    for (const [index, node] of (storage[kind] ?? []).entries())
      checkNode(node, names, ['storage', kind, index], report);
  }
  for (const [index, file] of (storage.files ?? []).entries())
    checkFile(file, minor, ['storage', 'files', index], report);
  for (const [index, { mode }] of (storage.directories ?? []).entries())
    checkMode(mode, minor, ['storage', 'directories', index], report);
}

function checkFilesystem(
  { name, path: mountedAt, mount }: Filesystem,
  path: Path,
  minor: number,
  report: Findings,
): void {
  const faults: string[] = [];
  if (mount === undefined && mountedAt === undefined) faults.push('filesystem is missing mount or path');
  if (mount !== undefined && mountedAt !== undefined) faults.push('filesystem has both mount and path defined');
  if (mount?.create !== undefined) {
    if (mount.wipeFilesystem === true) faults.push('cannot use both create object and wipeFilesystem field');
    if ((mount.options ?? []).length > 0) faults.push('cannot use both create object and mount-level options field');
    if (minor > 0) {
      report.warn(path, 'the create object has been deprecated in favor of mount-level options');
    }
  }
  for (const fault of faults) report.error(path, fault);
  if (faults.length > 0) return;
  if (mountedAt !== undefined && !mountedAt.startsWith('/')) {
    report.error([...path, 'path'], `filesystem "${name}": path not absolute`);
  }
  if (mount === undefined) return;
  const { device, format, label } = mount;
  const mostBytes = Object.hasOwn(LABEL_BYTES_BY_FORMAT, format) ? LABEL_BYTES_BY_FORMAT[format] : undefined;
  if (mostBytes === undefined || (minor < 1 && FORMATS_SINCE_2_1.includes(format))) {
    report.error([...path, 'mount', 'format'], 'invalid filesystem format');
    return;
  }
  if (!device.startsWith('/')) report.error([...path, 'mount', 'device'], 'path not absolute');
  if (label !== undefined && byteLength(label) > mostBytes) {
    report.error(
      [...path, 'mount', 'label'],
      `filesystem labels cannot be longer than ${mostBytes} characters when using ${format}`,
    );
  }
}

function checkNode(node: Node, filesystems: ReadonlySet<string>, path: Path, report: Findings): void {
  const { filesystem, path: nodePath, user, group } = node;
  if (filesystem === '') report.error([...path, 'filesystem'], 'no filesystem specified');
  else if (!filesystems.has(filesystem)) {
    const hint = 'this is ok if it is defined in a referenced config';
    report.warn([...path, 'filesystem'], `references nonexistent filesystem "${filesystem}" (${hint})`);
  }
  if (!nodePath.startsWith('/')) report.error([...path, 'path'], 'path not absolute');
  for (const [name, owner] of [
    ['user', user],
    ['group', group],
  ] as const) {
    const isDouble = owner?.id !== undefined && owner.name !== '';
    if (isDouble) report.error([...path, name], 'cannot set both id and name');
  }
}

function checkFile(file: File, minor: number, path: Path, report: Findings): void {
  const { append, overwrite, contents, mode } = file;
  if (append === true && overwrite === true) {
    report.error(path, 'cannot set both append and overwrite to true');
    return;
  }
  checkMode(mode, minor, path, report);
  if (contents === undefined) return;
  const where = [...path, 'contents'];
  checkSourceV2(contents.source, minor, [...where, 'source'], report);
  if (contents.compression !== '' && contents.compression !== 'gzip') {
    report.error([...where, 'compression'], 'invalid compression method');
  }
  checkHashV2(contents.verification, where, report);
  checkHeadersV2(contents.httpHeaders, contents.source, where, report);
}

function checkMode(mode: number | undefined, minor: number, path: Path, report: Findings): void {
  const where = [...path, 'mode'];
  if (mode === undefined) {
    if (minor >= MODE_WARNING_SINCE) report.warn(where, 'permissions unset, defaulting to 0000');
  } else if (mode < 0 || mode > MOST_MODE) report.error(where, 'illegal file mode');
}
