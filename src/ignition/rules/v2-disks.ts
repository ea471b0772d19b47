/** The rules of spec 2 for disks and partitions, whose starts and sizes may be counted in sectors. No I/O. */
import type { Findings, Path } from '../report.ts';
import type { ConfigV2 } from '../spec/v2.ts';
import { byteLength, GUID } from './disks.ts';
import { overlappingSpan } from './overlaps.ts';

type Disk = NonNullable<NonNullable<ConfigV2['storage']>['disks']>[number];
type Partition = NonNullable<Disk['partitions']>[number];

const MEBIBYTES_SINCE = 3;
/** The start of a partition must be a multiple of this number of sectors, which is 1 MiB. */
const ALIGNMENT = 2048;
const MOST_LABEL_BYTES = 36;

/** Reports the errors and warnings about the disks of a config that was written as 2.`minor`. */
export function checkDisksV2(disks: readonly Disk[], minor: number, report: Findings): void {
  for (const [index, { device, partitions = [] }] of disks.entries()) {
    const path = ['storage', 'disks', index];
    if (device === '') report.error([...path, 'device'], 'disk device is required');
    else if (!device.startsWith('/')) report.error([...path, 'device'], 'path not absolute');
    checkLayout(partitions, minor, [...path, 'partitions'], report);
    for (const [number, partition] of partitions.entries()) {
      checkPartition(partition, minor, [...path, 'partitions', number], report);
    }
  }
}

function checkLayout(partitions: readonly Partition[], minor: number, path: Path, report: Findings): void {
  const numbers = partitions.flatMap(({ number }) => (number === 0 ? [] : [number]));
  if (new Set(numbers).size < numbers.length) report.error(path, 'partition numbers collide');
  const spans = partitions.map(({ start, size }) => ({ startMiB: start, sizeMiB: size }));
  if (overlappingSpan(spans) !== undefined) report.error(path, 'partitions overlap');
  if (partitions.some(({ start }) => start !== undefined && start % ALIGNMENT !== 0)) {
    report.error(path, 'partitions misaligned');
  }
  if (minor < MEBIBYTES_SINCE) return;
  const removesOne = partitions.some(({ shouldExist }) => shouldExist === false);
  if (removesOne && partitions.some(({ number }) => number === 0)) {
    report.error(path, 'shouldExist is false for a partition and other partition(s) has start or size 0');
  }
  if (partitions.some(countsSectors) && partitions.some(countsMebibytes)) {
    report.error(path, 'cannot mix MBs and sectors within a disk');
  }
}

function checkPartition(partition: Partition, minor: number, path: Path, report: Findings): void {
  const { label, typeGuid, guid, shouldExist, start, size } = partition;
  if (minor >= MEBIBYTES_SINCE) {
    const isMixed = countsSectors(partition) && countsMebibytes(partition);
    if (isMixed) report.error(path, 'cannot mix MBs and sectors within a disk');
    const hasMore = label !== undefined || typeGuid !== '' || (guid ?? '') !== '' || countsSectors(partition);
    const isContradictory = shouldExist === false && hasMore;
    if (isContradictory) report.error(path, 'shouldExist specified false with other options also specified');
    if (isMixed || isContradictory) return;
    if (size !== undefined) report.warn([...path, 'size'], 'size is deprecated; use sizeMiB instead');
    if (start !== undefined) report.warn([...path, 'start'], 'start is deprecated; use startMiB instead');
  }
  if (label !== undefined && byteLength(label) > MOST_LABEL_BYTES) {
    report.error([...path, 'label'], 'partition labels may not exceed 36 characters');
  }
  if (label?.includes(':')) {
    report.warn([...path, 'label'], 'partition label will be truncated to text before the colon');
  }
  for (const [name, value] of [
    ['typeGuid', typeGuid],
    ['guid', guid],
  ] as const) {
    if (value !== undefined && value !== '' && !GUID.test(value)) {
      report.error([...path, name], 'doesn\'t match the form "01234567-89AB-CDEF-EDCB-A98765432101"');
    }
  }
}

const countsSectors = ({ start, size }: Partition): boolean => start !== undefined || size !== undefined;
const countsMebibytes = ({ startMiB, sizeMiB }: Partition): boolean => startMiB !== undefined || sizeMiB !== undefined;
