/** Reads the version of etcd or flannel as coreos/go-semver does. No I/O. */
import { err, ok, type Result } from '../../shared/result.ts';

export interface Version {
  readonly numbers: readonly [major: number, minor: number, patch: number];
  /** The version as it is printed: without leading zeros, and without an empty pre-release or build. */
  readonly text: string;
}

const MOST_INT64 = 2n ** 63n - 1n;
const IDENTIFIER = /^[0-9A-Za-z-.]*$/;

/** Returns a version of three numbers, with a pre-release and a build or not. The error is the tool's message. */
export function parseVersion(version: string): Result<Version, string> {
  const plus = version.indexOf('+');
  const build = plus === -1 ? '' : version.slice(plus + 1);
  const beforeBuild = plus === -1 ? version : version.slice(0, plus);
  const dash = beforeBuild.indexOf('-');
  const preRelease = dash === -1 ? '' : beforeBuild.slice(dash + 1);
  const parts = (dash === -1 ? beforeBuild : beforeBuild.slice(0, dash)).split('.');
  if (parts.length < 3) return err(`${beforeBuild} is not in dotted-tri format`);
  const numbers = [parts[0], parts[1], parts.slice(2).join('.')].map((part = '') => part);
  for (const part of numbers) {
    if (!/^\d+$/.test(part)) return err(`strconv.ParseInt: parsing "${part}": invalid syntax`);
    if (part.length > 40 || BigInt(part) > MOST_INT64)
      return err(`strconv.ParseInt: parsing "${part}": value out of range`);
  }
  if (!IDENTIFIER.test(preRelease) || !IDENTIFIER.test(build)) return err(`${version} is not a semantic version`);
  const [major = 0, minor = 0, patch = 0] = numbers.map(Number);
  const printed = numbers.map((part) => BigInt(part).toString()).join('.');
  const text = `${printed}${preRelease === '' ? '' : `-${preRelease}`}${build === '' ? '' : `+${build}`}`;
  return ok({ numbers: [major, minor, patch], text });
}
