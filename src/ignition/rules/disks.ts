/** The rules of spec 3 for disks, arrays and file systems. Lengths are counted in UTF-8 bytes. No I/O. */
import { pathFault } from '../clean-path.ts';
import type { Findings, Path } from '../report.ts';
import type { ConfigV3, DiskV3, StorageV3 } from '../spec/v3.ts';
import { overlappingSpan } from './overlaps.ts';

type Partition = NonNullable<DiskV3['partitions']>[number];
type Filesystem = NonNullable<StorageV3['filesystems']>[number];
type Raid = NonNullable<StorageV3['raid']>[number];

export const GUID = /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;
const MOST_LABEL_BYTES = 36;
/** The formats, and the number of bytes that a label may have in each. */
const LABEL_BYTES_BY_FORMAT: Readonly<Record<string, number>> = {
  ext4: 16,
  btrfs: 256,
  xfs: 12,
  swap: 15,
  vfat: 11,
  none: Number.POSITIVE_INFINITY,
};
const NO_FORMAT_SINCE = 3;
const BEYOND_ASCII = /[^\0-\x7f]/;
const WITHOUT_SPARES = ['linear', 'raid0', '0', 'stripe'];
const LEVELS = [...WITHOUT_SPARES, 'raid1', '1', 'mirror', 'raid4', '4', 'raid5', '5', 'raid6', '6', 'raid10', '10'];

/** Returns the number of UTF-8 bytes of a text. */
export function byteLength(text: string): number {
  if (!BEYOND_ASCII.test(text)) return text.length;
  let bytes = text.length;
  // Encoding the text to count it would cost more than everything else that is checked of a hash.
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    const isPaired = unit >= 0xd800 && unit < 0xe000 && isHalfOfPair(text, at, unit);
    bytes += unit < 0x800 || isPaired ? 1 : 2;
  }
  return bytes;
}

/** A half that stands alone is written as U+FFFD, which has three bytes; a pair has four. */
function isHalfOfPair(text: string, at: number, unit: number): boolean {
  const isFirst = unit < 0xdc00;
  const other = text.charCodeAt(isFirst ? at + 1 : at - 1);
  return isFirst ? other >= 0xdc00 && other < 0xe000 : other >= 0xd800 && other < 0xdc00;
}

/** Reports the errors and warnings about the disks, arrays and file systems of `config` in spec 3.`minor`. */
export function checkDisks({ storage }: ConfigV3, minor: number, report: Findings): void {
  const disks = new Map<string, DiskV3>();
  for (const [index, disk] of (storage?.disks ?? []).entries()) {
    const path = ['storage', 'disks', index];
    disks.set(disk.device, disk);
    const partitions = disk.partitions ?? [];
    checkDevice(disk.device, [...path, 'device'], 'disk device is required', report);
    // Ignition does not check the layout of a disk without a device.
    if (disk.device !== '') checkLayout(partitions, [...path, 'partitions'], report);
    for (const [number, partition] of partitions.entries()) {
      checkPartition(partition, [...path, 'partitions', number], report);
    }
  }
  for (const [index, raid] of (storage?.raid ?? []).entries()) checkRaid(raid, ['storage', 'raid', index], report);
  for (const [index, filesystem] of (storage?.filesystems ?? []).entries()) {
    checkFilesystem(filesystem, disks.get(filesystem.device), ['storage', 'filesystems', index], minor, report);
  }
}

/** Reports an error when a device is not a clean absolute path. `missing` is the message for an absent or empty one. */
export function checkDevice(device: string | undefined, path: Path, missing: string, report: Findings): void {
  const fault = device === undefined || device === '' ? missing : pathFault(device);
  if (fault !== undefined) report.error(path, fault);
}

/** Reports each of these errors once for each disk, at the partition that Ignition names. */
function checkLayout(partitions: readonly Partition[], path: Path, report: Findings): void {
  const number = secondOf(partitions.map((partition) => (partition.number === 0 ? undefined : partition.number)));
  if (number !== undefined) report.error([...path, number], 'partition numbers collide');
  const overlapping = overlappingSpan(partitions);
  if (overlapping !== undefined) report.error([...path, overlapping], 'partitions overlap');
  const removesOne = partitions.some(({ shouldExist }) => shouldExist === false);
  if (removesOne && partitions.some((partition) => partition.number === 0)) {
    report.error(path, 'shouldExist is false for a partition and other partition(s) has partition number 0');
  }
  const label = secondOf(partitions.map((partition) => partition.label));
  if (label !== undefined) report.error([...path, label], 'cannot use the same partition label twice');
}

/** Returns the index of the first value that repeats an earlier one. It ignores `undefined`. */
function secondOf(values: readonly (string | number | undefined)[]): number | undefined {
  const earlierValues = new Set<string | number>();
  for (const [index, value] of values.entries()) {
    if (value === undefined) continue;
    if (earlierValues.has(value)) return index;
    earlierValues.add(value);
  }
  return undefined;
}

function checkPartition(partition: Partition, path: Path, report: Findings): void {
  const { number, label, startMiB, sizeMiB, guid, typeGuid, shouldExist } = partition;
  const hasMore =
    label !== undefined ||
    startMiB !== undefined ||
    sizeMiB !== undefined ||
    (guid ?? '') !== '' ||
    (typeGuid ?? '') !== '';
  if (shouldExist === false && hasMore)
    report.error(path, 'shouldExist specified false with other options also specified');
  if (number === 0 && label === undefined) report.error(path, 'a partition number >= 1 or a label must be specified');
  if (label !== undefined && byteLength(label) > MOST_LABEL_BYTES) {
    report.error([...path, 'label'], 'partition labels may not exceed 36 characters');
  } else if (label?.includes(':'))
    report.error([...path, 'label'], 'partition label will be truncated to text before the colon');
  for (const [name, value] of [
    ['typeGuid', typeGuid],
    ['guid', guid],
  ] as const) {
    if (value !== undefined && value !== '' && !GUID.test(value)) {
      report.error([...path, name], 'doesn\'t match the form "01234567-89AB-CDEF-EDCB-A98765432101"');
    }
  }
}

function checkRaid({ level = '', spares, devices = [] }: Raid, path: Path, report: Findings): void {
  if (!LEVELS.includes(level))
    report.error([...path, 'level'], level === '' ? 'raid level is required' : 'unrecognized raid level');
  else if (WITHOUT_SPARES.includes(level) && spares !== undefined && spares !== 0) {
    report.error([...path, 'level'], 'spares unsupported for linear and raid0 arrays');
  }
  if (devices.length === 0) report.error([...path, 'devices'], 'raid devices required');
  for (const [index, device] of devices.entries())
    checkDevice(device, [...path, 'devices', index], 'path not specified', report);
}

function checkFilesystem(
  filesystem: Filesystem,
  disk: DiskV3 | undefined,
  path: Path,
  minor: number,
  report: Findings,
): void {
  const { device, format = '', label, path: mount } = filesystem;
  checkDevice(device, [...path, 'device'], 'disk device is required', report);
  const mostBytes = Object.hasOwn(LABEL_BYTES_BY_FORMAT, format) ? LABEL_BYTES_BY_FORMAT[format] : undefined;
  if (format === '') {
    if (needsFormat(filesystem))
      report.error(
        [...path, 'format'],
        'format cannot be empty when path, label, uuid, wipeFilesystem, options, or mountOptions is specified',
      );
    if (label !== undefined && label !== '') report.error([...path, 'label'], 'a label needs a format');
  } else if (mostBytes === undefined || (format === 'none' && minor < NO_FORMAT_SINCE)) {
    report.error([...path, 'format'], 'invalid filesystem format');
  } else if (label !== undefined && byteLength(label) > mostBytes) {
    report.error(
      [...path, 'label'],
      `filesystem labels cannot be longer than ${mostBytes} characters when using ${format}`,
    );
  }
  const fault = mount === undefined || mount === '' ? undefined : pathFault(mount);
  if (fault !== undefined) report.error([...path, 'path'], fault);
  if (disk === undefined) return;
  if ((disk.partitions ?? []).length > 0) {
    report.warn([...path, 'device'], 'filesystem will be created on a disk that also has partitions');
  } else if (disk.wipeTable === true && filesystem.wipeFilesystem !== true) {
    report.warn([...path, 'device'], 'filesystem will be reused on a disk whose partition table is wiped');
  }
}

function needsFormat({ path, label, uuid, wipeFilesystem, options = [], mountOptions = [] }: Filesystem): boolean {
  const hasText = [path, label, uuid].some((value) => value !== undefined && value !== '');
  return hasText || wipeFilesystem === true || options.length > 0 || mountOptions.length > 0;
}
