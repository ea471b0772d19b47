/** Finds the spec that a config is written in, from its `ignition.version` or `ignitionVersion`. No I/O. */
import { err, ok, type Result } from '../shared/result.ts';

export type VersionFault = 'unparsable-version' | 'unsupported-version';

export type Spec =
  | { readonly major: 1 }
  | { readonly major: 2; readonly minor: number }
  | { readonly major: 3; readonly minor: number; readonly experimental: boolean };

const NEWEST_V2 = 4;
const NEWEST_STABLE = 6;
const EXPERIMENTAL = 7;

/** An empty pre-release and an empty build are none, as in coreos/go-semver. */
const SEMVER = /^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-.]*))?(?:\+([0-9A-Za-z-.]*))?$/;
const MOST_INT64 = 2n ** 63n - 1n;

/**
 * Returns the spec that `text` (`ignition.version`) names, or that `ignitionVersion` names when the text is empty.
 * `3.04.0` is 3.4.0, because Go compares numbers. A version with a patch, a build or another pre-release than
 * `-experimental` does not exist: the fault is `unsupported-version`.
 */
export function parseSpec(text: string, ignitionVersion: number): Result<Spec, VersionFault> {
  const match = SEMVER.exec(text === '' ? `${ignitionVersion}.0.0` : text);
  if (match === null || match.slice(1, 4).some((part) => BigInt(part) > MOST_INT64)) return err('unparsable-version');
  const [major, minor, patch] = match.slice(1, 4).map(Number) as [number, number, number];
  const [preRelease = '', build = ''] = match.slice(4);
  // For every version below 2.0, the parser of spec 1 looks at its own field.
  if (major < 2) return ignitionVersion === 1 ? ok({ major: 1 }) : err('unsupported-version');
  if (text === '') return err(major === 3 ? 'unparsable-version' : 'unsupported-version');
  if (patch !== 0 || build !== '') return err('unsupported-version');
  if (major === 2 && preRelease === '' && minor <= NEWEST_V2) return ok({ major, minor });
  if (major !== 3) return err('unsupported-version');
  if (preRelease === '' && minor <= NEWEST_STABLE) return ok({ major, minor, experimental: false });
  const isExperimental = preRelease === 'experimental' && minor === EXPERIMENTAL;
  return isExperimental ? ok({ major, minor, experimental: true }) : err('unsupported-version');
}

/** Returns the version of a spec as a config states it; `1` for spec 1. */
export function specOf(spec: Spec): string {
  if (spec.major === 1) return '1';
  return spec.major === 2 ? `2.${spec.minor}.0` : versionText(spec.minor);
}

/** Returns the version of spec 3.`minor` as a config states it. */
export const versionText = (minor: number): string =>
  minor === EXPERIMENTAL ? `3.${minor}.0-experimental` : `3.${minor}.0`;
