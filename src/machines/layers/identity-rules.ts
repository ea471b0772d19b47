/** What a machine's name and keys must be. No I/O. */

/** Linux keeps no longer one (HOST_NAME_MAX of limits.h). */
const MOST_HOSTNAME = 64;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** Returns why a text is no host name (RFC 1123 section 2.1), or `undefined`. */
export function hostnameFault(text: string): string | undefined {
  if (text.length > MOST_HOSTNAME) return `has ${text.length} characters, and Linux keeps ${MOST_HOSTNAME}`;
  if (text.split('.').every((label) => LABEL.test(label))) return undefined;
  return 'must be a host name: letters, digits and "-", in parts of 1 to 63 by dots, no part with "-" at an end';
}

const TYPES = [
  ...['ssh-ed25519', 'ssh-rsa', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ...['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'],
];
const MOST_KEY = 16 * 1024;

/** Returns why a line is no public key as `authorized_keys` has it (sshd(8)), or `undefined`. Options may stand before the type. */
export function sshKeyFault(line: string): string | undefined {
  if (line.length > MOST_KEY) return `has more than ${MOST_KEY} characters`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them stands in a line of authorized_keys
  if (/[\0-\x1f\x7f]/.test(line)) return 'must be one line';
  const words = wordsOf(line);
  const at = TYPES.includes(words[0] ?? '') ? 0 : 1;
  const [type = '', blob = ''] = words.slice(at);
  if (!TYPES.includes(type))
    return `must be a public key, such as "ssh-ed25519 AAAA… name"; known types: ${TYPES.join(', ')}`;
  return blobType(blob) === type ? undefined : `is cut short or spoilt: its base64 is not that of a ${type} key`;
}

/** Splits a line by spaces that stand in no quotes. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word = '';
  let isQuoted = false;
  for (const character of line) {
    if (character === '"' && !word.endsWith('\\')) isQuoted = !isQuoted;
    if (character !== ' ' || isQuoted) word += character;
    else if (word !== '') {
      words.push(word);
      word = '';
    }
  }
  return word === '' ? words : [...words, word];
}

/** Returns the type that a key's base64 begins with (RFC 4253 section 6.6), if all that it announces is there. */
function blobType(base64: string): string | undefined {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
  const fields: Uint8Array[] = [];
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + view.getUint32(at);
    if (end > bytes.length) return undefined;
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields.length < 2 ? undefined : new TextDecoder().decode(fields[0]);
}
