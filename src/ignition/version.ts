/** `ignition.version`: a semantic version in exactly three parts. No I/O. */
import { err, ok, type Result } from '../shared/result.ts';

export type VersionFault = 'unparsable-version' | 'unsupported-version';

/** A spec 3 version: its minor number, and whether it is the experimental one. */
export interface Spec3 {
  readonly minor: number;
  readonly experimental: boolean;
}

const NEWEST_STABLE = 6;
const EXPERIMENTAL = 7;

const SEMVER = /^(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z-.]+)?(\+[0-9A-Za-z-.]+)?$/;

/** `3.04.0` is 3.4.0: the parts are numbers. A patch, a build or any other pre-release is a version nobody has. */
export function parseSpec3(text: string): Result<Spec3, VersionFault> {
  const match = SEMVER.exec(text);
  if (match === null) return err('unparsable-version');
  const [, major, minor, patch, preRelease, build] = match;
  const isPlain = Number(major) === 3 && Number(patch) === 0 && build === undefined;
  if (isPlain && preRelease === undefined && Number(minor) <= NEWEST_STABLE)
    return ok({ minor: Number(minor), experimental: false });
  if (isPlain && preRelease === '-experimental' && Number(minor) === EXPERIMENTAL)
    return ok({ minor: EXPERIMENTAL, experimental: true });
  return err('unsupported-version');
}

/** As it stands in a config. */
export const versionText = (minor: number): string =>
  minor === EXPERIMENTAL ? `3.${minor}.0-experimental` : `3.${minor}.0`;
