/** What must hold of URLs, hashes and headers in spec 2. No I/O. */
import type { Findings, Path } from '../report.ts';
import type { ConfigV2 } from '../spec/v2.ts';
import { faultOfHash } from './resources.ts';
import { headersOf, sourceFault } from './source-url.ts';

type Reference = NonNullable<NonNullable<ConfigV2['ignition']['config']>['replace']>;

/** Spec 2 knows the schemes and the hash of spec 3.0. */
const AS_IN_SPEC_3 = 0;

/** Adds why `source` is no URL that can be fetched; empty is an empty file. */
export function checkSourceV2(source: string, path: Path, report: Findings): void {
  const fault = sourceFault(source, AS_IN_SPEC_3);
  if (fault !== undefined) report.error(path, fault);
}

/** Adds what is wrong with the hash, which may stand without a source here. */
export function checkHashV2(verification: Reference['verification'], path: Path, report: Findings): void {
  const fault = verification?.hash === undefined ? undefined : faultOfHash(verification.hash, AS_IN_SPEC_3);
  if (fault !== undefined) report.error([...path, 'verification', 'hash'], fault);
}

/** Adds what is wrong with the headers: names that are empty or stand twice, a source that takes none. */
export function checkHeadersV2(headers: Reference['httpHeaders'], source: string, path: Path, report: Findings): void {
  if (headers === undefined || headers.length === 0) return;
  const where = [...path, 'httpHeaders'];
  if (headersOf(source) !== 'taken') report.error(where, 'cannot use HTTP headers with this source scheme');
  const seen = new Set<string>();
  for (const [index, { name }] of headers.entries()) {
    if (name === '') report.error([...where, index], "HTTP header name can't be empty");
    else if (seen.has(name)) report.error([...where, index], `found duplicate HTTP header: "${name}"`);
    seen.add(name);
  }
}
