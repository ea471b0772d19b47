/**
 * What a piece of user data is, told before any of it is parsed as JSON, as Flatcar's Ignition tells it (patch 0011 on
 * 2.26.0): cloud-config, a script and MIME multipart are user data that holds no Ignition config. No I/O.
 */

export type UserDataKind = 'empty' | 'cloud-config' | 'script' | 'multipart' | 'json';

const MULTIPART = /^content-type:[^\n]*multipart\/mixed/im;

/** `text` is what is left after a gzip around it was taken off. White space alone is not empty: the reference calls it bad JSON. */
export function userDataKind(text: string): UserDataKind {
  if (text === '') return 'empty';
  const [first = ''] = text.split('\n', 1);
  if (first.trimEnd() === '#cloud-config') return 'cloud-config';
  if (first.startsWith('#!')) return 'script';
  return isMultipart(text) ? 'multipart' : 'json';
}

/** Headers first, as a mail has them. */
function isMultipart(text: string): boolean {
  const head = text.split(/\r?\n\r?\n/, 1)[0] ?? '';
  return /^[A-Za-z-]+:/.test(head) && MULTIPART.test(head);
}
