/** What must hold of a resource: its URL, compression, headers and hash. No I/O. */
import type { Findings, Path } from '../report.ts';
import type { ResourceV3 } from '../spec/v3.ts';
import { sourceFault, takesHeaders } from './source-url.ts';

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

/** A reference that must lead somewhere: merge, replace and certificate authorities. */
export function checkReference(resource: ResourceV3, path: Path, minor: number, report: Findings): void {
  if (resource.source === undefined || resource.source === '') report.error(path, 'source is required');
  checkResource(resource, path, minor, report);
}

function checkHeaders(
  headers: NonNullable<ResourceV3['httpHeaders']>,
  source: string | undefined,
  path: Path,
  report: Findings,
): void {
  const where = [...path, 'httpHeaders'];
  if (source === undefined || source === '') report.error(where, 'unable to parse url');
  else if (!takesHeaders(source)) report.error(where, 'cannot use HTTP headers with this source');
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
