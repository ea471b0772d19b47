/** What must hold of disks, arrays, file systems and encrypted devices. Lengths are UTF-8 bytes. No I/O. */
import { pathFault } from '../clean-path.ts';
import type { Path, Report } from '../report.ts';
import type { ConfigV3, DiskV3, StorageV3 } from '../spec/v3.ts';

type Partition = NonNullable<DiskV3['partitions']>[number];
type Filesystem = NonNullable<StorageV3['filesystems']>[number];
type Raid = NonNullable<StorageV3['raid']>[number];

const GUID = /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;
const MOST_LABEL = 36;
const FORMATS: Readonly<Record<string, number>> = {
  ext4: 16,
  btrfs: 256,
  xfs: 12,
  swap: 15,
  vfat: 11,
  none: Number.POSITIVE_INFINITY,
};
const NO_FORMAT_SINCE = 3;
const WITHOUT_SPARES = ['linear', 'raid0', '0', 'stripe'];
const LEVELS = [...WITHOUT_SPARES, 'raid1', '1', 'mirror', 'raid4', '4', 'raid5', '5', 'raid6', '6', 'raid10', '10'];

export const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** Adds what is wrong with the disks, arrays and file systems of `config` in spec 3.`minor`. */
export function checkDisks({ storage }: ConfigV3, minor: number, report: Report): void {
  for (const [index, disk] of (storage?.disks ?? []).entries()) {
    const path = ['storage', 'disks', index];
    checkDevice(disk.device, [...path, 'device'], 'disk device is required', report);
    checkPartitions(disk.partitions ?? [], [...path, 'partitions'], report);
  }
  for (const [index, raid] of (storage?.raid ?? []).entries()) checkRaid(raid, ['storage', 'raid', index], report);
  for (const [index, filesystem] of (storage?.filesystems ?? []).entries()) {
    checkFilesystem(filesystem, storage?.disks ?? [], ['storage', 'filesystems', index], minor, report);
  }
}

/** A device is a clean absolute path. */
export function checkDevice(device: string | undefined, path: Path, missing: string, report: Report): void {
  const fault = device === undefined || device === '' ? missing : pathFault(device);
  if (fault !== undefined) report.error(path, fault);
}

function checkPartitions(partitions: readonly Partition[], path: Path, report: Report): void {
  for (const [index, partition] of partitions.entries()) {
    const where = [...path, index];
    checkPartition(partition, where, report);
    const earlier = partitions.slice(0, index);
    const { number, label } = partition;
    if (number !== 0 && earlier.some((other) => other.number === number))
      report.error(where, 'partition numbers collide');
    if (label !== undefined && earlier.some((other) => other.label === label)) {
      report.error(where, 'cannot use the same partition label twice');
    }
    if (earlier.some((other) => overlap(partition, other))) report.error(where, 'partitions overlap');
  }
  const hasGone = partitions.some(({ shouldExist }) => shouldExist === false);
  if (hasGone && partitions.some(({ number }) => number === 0)) {
    report.error(path, 'shouldExist is false for a partition and other partition(s) has partition number 0');
  }
}

function checkPartition(partition: Partition, path: Path, report: Report): void {
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
  if (label !== undefined && byteLength(label) > MOST_LABEL) {
    report.error([...path, 'label'], 'partition labels may not exceed 36 characters');
  }
  if (label?.includes(':'))
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

/** Only partitions with a start and a size can be seen to overlap; one of no size is a point. */
function overlap(a: Partition, b: Partition): boolean {
  const spanOf = ({ startMiB, sizeMiB }: Partition) =>
    startMiB === undefined || startMiB === 0 || sizeMiB === undefined
      ? undefined
      : ([startMiB, Math.max(startMiB, startMiB + sizeMiB - 1)] as const);
  const [one, other] = [spanOf(a), spanOf(b)];
  return one !== undefined && other !== undefined && one[0] <= other[1] && other[0] <= one[1];
}

function checkRaid({ level = '', spares, devices = [] }: Raid, path: Path, report: Report): void {
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
  disks: readonly DiskV3[],
  path: Path,
  minor: number,
  report: Report,
): void {
  const { device, format = '', label, path: mount } = filesystem;
  checkDevice(device, [...path, 'device'], 'disk device is required', report);
  const most = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (format === '') {
    if (needsFormat(filesystem))
      report.error(
        [...path, 'format'],
        'format cannot be empty when path, label, uuid, wipeFilesystem, options, or mountOptions is specified',
      );
  } else if (most === undefined || (format === 'none' && minor < NO_FORMAT_SINCE)) {
    report.error([...path, 'format'], 'invalid filesystem format');
  } else if (label !== undefined && byteLength(label) > most) {
    report.error([...path, 'label'], `filesystem labels cannot be longer than ${most} characters when using ${format}`);
  }
  const fault = mount === undefined || mount === '' ? undefined : pathFault(mount);
  if (fault !== undefined) report.error([...path, 'path'], fault);
  const disk = disks.find((candidate) => candidate.device === device);
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
