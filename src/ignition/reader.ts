/**
 * Says which specs a version of Ignition can read, and which version of Ignition a Flatcar release has. No I/O.
 *
 * Sources: the release notes of coreos/ignition (the newest stable spec of each version), and Flatcar's release data
 * (`major_software.ignition`, 97 releases of majors from 4000 on, to August 2026).
 */
import { err, ok, type Result } from '../shared/result.ts';
import { versionText } from './version.ts';

/** A version of Ignition, and the newest config that it reads. */
export interface Reader {
  /** Such as `2.24.0`. */
  readonly ignition: string;
  /** The minor version of the newest spec 3 that it reads; `undefined` for one that knows spec 1 and 2 only. */
  readonly newestMinor: number | undefined;
}

/** Ignition 2.x from this minor version on, and the newest minor version of spec 3 that it reads. */
const NEWEST_SPEC: readonly (readonly [from: number, minor: number])[] = [
  [26, 6],
  [20, 5],
  [15, 4],
  [11, 3],
  [7, 2],
  [3, 1],
  [0, 0],
];

/**
 * The majors of Flatcar from which a version of Ignition was shipped, newest first. Where the data has a gap, a release
 * counts as having the older version, because that one reads less. Flatcar's numbers begin above 1500: a lower one is a
 * distributor's own, of which nothing is known.
 */
const SHIPPED: readonly (readonly [from: number, ignition: string])[] = [
  [4593, '2.24.0'],
  [4459, '2.22.0'],
  [4230, '2.20.0'],
  [4000, '2.19.0'],
  [3535, '2.15.0'],
  [3185, '2.14.0'],
  [1500, '0.36.1'],
  [0, '2.24.0'],
];

/** The oldest LTS that is still published; it counts where nothing else is known of an LTS. */
const OLDEST_LTS = 4081;

const VERSION = /^v?(\d{1,3})\.(\d{1,4})(?:\.(\d{1,4}))?$/;

/** Returns the reader that `text` names, such as `2.24` or `2.24.0`, or a message. */
export function readerNamed(text: string): Result<Reader, string> {
  const [, major = '', minor = '', patch = '0'] = VERSION.exec(text) ?? [];
  if (major !== '0' && major !== '2') return err('must be a version of Ignition, such as 2.24.0');
  const ignition = `${major}.${Number(minor)}.${Number(patch)}`;
  const newest = NEWEST_SPEC.find(([from]) => Number(minor) >= from);
  return ok({ ignition, newestMinor: major === '0' ? undefined : newest?.[1] });
}

/** Returns the reader of a Flatcar release, such as `4593.2.5`, by its major version. */
export function readerOfRelease(version: string): Reader {
  const major = Number(version.split('.')[0]);
  const [, ignition = ''] = SHIPPED.find(([from]) => major >= from) ?? [];
  return known(ignition);
}

const PACKAGE = /^sys-apps\/ignition-(\d{1,3}\.\d{1,4}(?:\.\d{1,4})?)(?![\d.])/m;

/** Returns the reader that a release's list of packages names (`flatcar_production_image_packages.txt`), if it names one. */
export function readerInPackages(text: string): Reader | undefined {
  const named = readerNamed(PACKAGE.exec(text)?.[1] ?? '');
  return named.ok ? named.value : undefined;
}

/** Returns the reader of what a channel's alias names, where no release of it is known. */
export const readerOfChannel = (channel: string): Reader =>
  channel === 'lts' ? readerOfRelease(String(OLDEST_LTS)) : known(SHIPPED[0]?.[1] ?? '');

/** Returns the older one of both, which reads less. */
export function lesser(a: Reader, b: Reader): Reader {
  const [left, right] = [a, b].map(({ ignition }) => ignition.split('.').map(Number));
  const at = (left ?? []).findIndex((number, index) => number !== right?.[index]);
  return at !== -1 && (right?.[at] ?? 0) < (left?.[at] ?? 0) ? b : a;
}

/** Returns the newest spec of a reader as text, such as `3.5.0`. */
export const newestSpec = ({ newestMinor }: Reader): string =>
  newestMinor === undefined ? '2.4.0' : versionText(newestMinor);

function known(ignition: string): Reader {
  const reader = readerNamed(ignition);
  return reader.ok ? reader.value : { ignition, newestMinor: undefined };
}
