/** What must hold of a resource: its URL, compression, headers and hash. No I/O. */
import type { Findings, Path } from '../report.ts';
import type { ResourceV3 } from '../spec/v3.ts';
import { headersOf, sourceFault } from './source-url.ts';

const HASHES: Readonly<Record<string, number>> = { sha512: 128, sha256: 64 };
const SHA256_SINCE = 1;

/** Adds what is wrong with `resource` at `path`, in spec 3.`minor`. */
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

/** A reference that must lead somewhere: merge, and from 3.1 on certificate authorities. A bad URL is said twice. */
export function checkReference(resource: ResourceV3, path: Path, minor: number, report: Findings): void {
  const { source } = resource;
  if (source === undefined || source === '') report.error(path, 'source is required');
  else if (sourceFault(source, minor) !== undefined) report.error(path, 'source is not a valid url');
  checkResource(resource, path, minor, report);
}

/** What 3.0 asks of a reference: a URL that parses, and a hash that is one; either may be missing. */
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
  const headersTaken = source === undefined || source === '' ? 'unparsable' : headersOf(source);
  if (headersTaken === 'unparsable') report.error(where, 'unable to parse url');
  if (headersTaken === 'refused') report.error(where, 'cannot use HTTP headers with this source');
  for (const [index, { name, value }] of headers.entries()) {
    if (name === '') report.error([...where, index, 'name'], 'header name cannot be empty');
    if (value === '') report.error([...where, index, 'value'], 'unable to parse HTTP header');
  }
}

/** What is wrong with a hash specifier in spec 3.`minor`, or `undefined`. */
export function faultOfHash(hash: string, minor: number): string | undefined {
  const dash = hash.indexOf('-');
  if (dash === -1) return 'malformed hash specifier';
  const name = hash.slice(0, dash);
  const length = Object.hasOwn(HASHES, name) ? HASHES[name] : undefined;
  if (length === undefined || (name === 'sha256' && minor < SHA256_SINCE)) return 'unrecognized hash function';
  return hash.length - dash - 1 === length ? undefined : 'incorrect size for hash sum';
}
