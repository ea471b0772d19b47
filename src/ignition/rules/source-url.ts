/** The rules for the URL of a resource, by spec version. No I/O. */
import { dataUrlFault } from '../urls/data-url-fault.ts';
import { parseGoUrl, queryValue } from '../urls/go-url.ts';

/** The minor version of spec 3 since which each scheme is allowed. */
const SCHEMES: Readonly<Record<string, number>> = { http: 0, https: 0, tftp: 0, s3: 0, data: 0, oem: 0, gs: 2, arn: 4 };

const UNPARSABLE = 'unable to parse url';

/**
 * Returns a message about an invalid source URL in spec 3.`minor`, or `undefined`. An empty URL means an empty file.
 */
export function sourceFault(source: string, minor: number): string | undefined {
  if (source === '') return undefined;
  const parsed = parseGoUrl(source);
  if (!parsed.ok) return UNPARSABLE;
  const url = parsed.value;
  const since = Object.hasOwn(SCHEMES, url.scheme) ? SCHEMES[url.scheme] : undefined;
  if (since === undefined || minor < since) return 'invalid url scheme';
  if (url.scheme === 'data') return dataUrlFault(source);
  if (url.scheme === 'arn') return arnFault(source, url.query);
  return url.scheme === 's3' ? versionIdFault(url.query) : undefined;
}

/** Tells whether requests for a source can carry HTTP headers; `unparsable` for a text that is no URL. */
export function headersOf(source: string): 'taken' | 'refused' | 'unparsable' {
  const url = parseGoUrl(source);
  if (!url.ok) return 'unparsable';
  return url.value.scheme === 'http' || url.value.scheme === 'https' ? 'taken' : 'refused';
}

/**
 * Returns a message about an invalid ARN of an S3 object. The forms are `arn:PARTITION:s3:…:BUCKET/KEY` and, for an
 * access point, `arn:PARTITION:s3:…:accesspoint/NAME/object/KEY`.
 */
function arnFault(source: string, query: string): string | undefined {
  const [arn = ''] = source.split('?');
  const fields = arn.split(':');
  if (fields.length < 6 || fields[2] !== 's3') return 'invalid s3 ARN format';
  const isAccessPoint = fields.slice(5).join(':').startsWith('accesspoint/');
  if (arn.split('/').length < (isAccessPoint ? 3 : 2)) return 'object key required in s3 ARN';
  return versionIdFault(query);
}

const versionIdFault = (query: string): string | undefined =>
  queryValue(query, 'versionId') === '' ? 'versionId is empty' : undefined;
