/** The rules of spec 3 for a resource: its URL, compression, headers and hash. No I/O. */
import type { Findings, Path } from '../report.ts';
import type { ResourceV3 } from '../spec/v3.ts';
import { byteLength } from './disks.ts';
import { headersOf, sourceFault } from './source-url.ts';

/** The hash functions, and the number of hex digits that a sum has. */
const SUM_LENGTHS: Readonly<Record<string, number>> = { sha512: 128, sha256: 64 };
const SHA256_SINCE = 1;

/** Reports the errors about `resource`, which is at `path`, in spec 3.`minor`. */
export function checkResource(resource: ResourceV3 | undefined, path: Path, minor: number, report: Findings): void {
  if (resource === undefined) return;
  const { source, compression, verification, httpHeaders } = resource;
  const fault = source === undefined ? undefined : sourceFault(source, minor);
  if (fault !== undefined) report.error([...path, 'source'], fault);
  if (compression !== undefined && compression !== '' && compression !== 'gzip') {
    report.error([...path, 'compression'], 'invalid compression method');
  }
  if (httpHeaders !== undefined && httpHeaders.length > 0) checkHeaders(httpHeaders, source, path, report);
  const hash = verification?.hash;
  if (hash === undefined) return;
  const where = [...path, 'verification', 'hash'];
  const hashFault = faultOfHash(hash, minor);
  if (hashFault !== undefined) report.error(where, hashFault);
  if (source === undefined) report.error(where, 'source must be specified if verification.hash is specified');
}

/**
 * Reports the errors about a reference that must have a source: `merge`, and certificate authorities since 3.1. A bad
 * URL gives two errors, as in Ignition.
 */
export function checkReference(resource: ResourceV3, path: Path, minor: number, report: Findings): void {
  const { source } = resource;
  if (source === undefined || source === '') report.error(path, 'source is required');
  else if (sourceFault(source, minor) !== undefined) report.error(path, 'source is not a valid url');
  checkResource(resource, path, minor, report);
}

/** Reports the errors about a reference in spec 3.0, where both the URL and the hash may be missing. */
export function checkReferenceV30(resource: ResourceV3 | undefined, path: Path, report: Findings): void {
  const { source, verification } = resource ?? {};
  const fault = source === undefined ? undefined : sourceFault(source, 0);
  if (fault !== undefined) report.error([...path, 'source'], fault);
  const hashFault = verification?.hash === undefined ? undefined : faultOfHash(verification.hash, 0);
  if (hashFault !== undefined) report.error([...path, 'verification', 'hash'], hashFault);
}

function checkHeaders(
  headers: NonNullable<ResourceV3['httpHeaders']>,
  source: string | undefined,
  path: Path,
  report: Findings,
): void {
  const where = [...path, 'httpHeaders'];
  const headerUse = source === undefined || source === '' ? 'unparsable' : headersOf(source);
  if (headerUse === 'unparsable') report.error(where, 'unable to parse url');
  if (headerUse === 'refused') report.error(where, 'cannot use HTTP headers with this source');
  for (const [index, { name, value }] of headers.entries()) {
    if (name === '') report.error([...where, index, 'name'], 'header name cannot be empty');
    if (value === '') report.error([...where, index, 'value'], 'unable to parse HTTP header');
  }
}

/** Returns a message about an invalid hash (`FUNCTION-SUM`) in spec 3.`minor`, or `undefined` for a valid one. */
export function faultOfHash(hash: string, minor: number): string | undefined {
  const dash = hash.indexOf('-');
  if (dash === -1) return 'malformed hash specifier';
  const name = hash.slice(0, dash);
  const length = Object.hasOwn(SUM_LENGTHS, name) ? SUM_LENGTHS[name] : undefined;
  if (length === undefined || (name === 'sha256' && minor < SHA256_SINCE)) return 'unrecognized hash function';
  return byteLength(hash.slice(dash + 1)) === length ? undefined : 'incorrect size for hash sum';
}
