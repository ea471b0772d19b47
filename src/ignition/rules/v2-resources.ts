/** The rules of spec 2 for URLs, hashes and headers. No I/O. */
import type { Findings, Path } from '../report.ts';
import type { ConfigV2 } from '../spec/v2.ts';
import { parseGoUrl } from '../urls/go-url.ts';
import { faultOfHash } from './resources.ts';
import { headersOf, sourceFault } from './source-url.ts';

type Reference = NonNullable<NonNullable<ConfigV2['ignition']['config']>['replace']>;

/** Spec 2 has the same URL schemes and the same hash function as spec 3.0. */
const AS_IN_SPEC_3 = 0;

/** The schemes that spec 2.0 does not have, and specs 2.1 to 2.4 do. */
const SINCE_2_1 = ['s3', 'tftp'];

/**
 * Reports an error when `source` is not a valid URL of spec 2.`minor`. An empty one means an empty file. Ignition ends in
 * a panic on a URL with a user name in spec 2.0, so such a machine would not boot.
 */
export function checkSourceV2(source: string, minor: number, path: Path, report: Findings): void {
  const fault = sourceFault(source, AS_IN_SPEC_3);
  if (fault !== undefined) report.error(path, fault);
  if (fault !== undefined || minor > 0 || source === '') return;
  const url = parseGoUrl(source);
  if (!url.ok) return;
  if (SINCE_2_1.includes(url.value.scheme)) report.error(path, 'invalid url scheme');
  else if (url.value.hasUser) report.error(path, 'Ignition cannot read a URL with a user name in spec 2.0');
}

/** Reports an error when the hash is invalid. In spec 2 a hash may come without a source. */
export function checkHashV2(verification: Reference['verification'], path: Path, report: Findings): void {
  const fault = verification?.hash === undefined ? undefined : faultOfHash(verification.hash, AS_IN_SPEC_3);
  if (fault !== undefined) report.error([...path, 'verification', 'hash'], fault);
}

/** Reports header names that are empty or repeated, and headers for a source that cannot have any. */
export function checkHeadersV2(headers: Reference['httpHeaders'], source: string, path: Path, report: Findings): void {
  if (headers === undefined || headers.length === 0) return;
  const where = [...path, 'httpHeaders'];
  if (headersOf(source) !== 'taken') report.error(where, 'cannot use HTTP headers with this source scheme');
  const usedNames = new Set<string>();
  for (const [index, { name }] of headers.entries()) {
    if (name === '') report.error([...where, index], "HTTP header name can't be empty");
    else if (usedNames.has(name)) report.error([...where, index], `found duplicate HTTP header: "${name}"`);
    usedNames.add(name);
  }
}
