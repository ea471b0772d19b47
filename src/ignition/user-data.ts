/**
 * Tells the kind of user data before it is parsed as JSON, as Flatcar's Ignition does (patch 0011 on 2.26.0). A
 * cloud-config, a script and MIME multipart are user data without an Ignition config. No I/O.
 */

export type UserDataKind = 'empty' | 'cloud-config' | 'script' | 'multipart' | 'json';

const MULTIPART = /^content-type:[^\n]*multipart\/mixed/im;

/** Returns the kind of `text`, which must be decompressed. White space alone is `json`: Ignition calls it bad JSON. */
export function userDataKind(text: string): UserDataKind {
  if (text === '') return 'empty';
  const [first = ''] = text.split('\n', 1);
  if (first.trimEnd() === '#cloud-config') return 'cloud-config';
  if (first.startsWith('#!')) return 'script';
  return isMultipart(text) ? 'multipart' : 'json';
}

/** True for a text that begins with mail headers (RFC 5322), one of which says multipart/mixed. */
function isMultipart(text: string): boolean {
  const head = text.split(/\r?\n\r?\n/, 1)[0] ?? '';
  return /^[A-Za-z-]+:/.test(head) && MULTIPART.test(head);
}
