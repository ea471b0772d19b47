/**
 * Takes capabilities out of the path of a request: no log may contain one, however a client spells its boot URL. The work
 * is linear in the length of the path. No I/O.
 */

const MOST_SHOWN = 512;
/** What stands behind this many characters is not looked at, and not shown either. */
const MOST_READ = 4096;
/** Each round decodes one layer. Nobody writes more by accident, and a path that has more is hidden as a whole. */
const MOST_ROUNDS = 4;
const HIDDEN = '-';

/** The words of a boot URL that say what was asked for. */
const READABLE = ['ignition', 'cloud-config', 'ipxe', 'grub', 'pxelinux'];

/** A capability has this many dots at least: machine, epoch, nonce, expiry, MAC. */
const LEAST_DOTS = 4;
/** A MAC has 22 or 43 characters, an epoch and a nonce 16 or 22 each. A few fewer of them are as good as all to who may guess. */
const LEAST_MAC = 20;
/** A part of a file's name is never so long, and the name of a file does not end in one that is as long as a MAC. */
const LEAST_WHOLE_MAC = 40;
const LEAST_RANDOM = 14;

/**
 * Returns at most 512 characters of a path. Every part behind a part `boot` is hidden, and so is every part that looks
 * like a capability. Where something is hidden, the rest is shown decoded.
 */
export function redactPath(path: string): string {
  const plain = decoded(path.slice(0, MOST_READ));
  if (plain === undefined) return `/${HIDDEN}`;
  const parts = plain.replaceAll('\\', '/').split('/');
  const boot = parts.findIndex(isBoot);
  const shown = parts.map((part, index) => {
    if (index === boot) return 'boot';
    const isBehindBoot = boot !== -1 && index > boot;
    const isHidden = isBehindBoot ? part !== '' && !READABLE.includes(part) : looksLikeCapability(part);
    return isHidden ? HIDDEN : part;
  });
  const isAsItWas = boot === -1 && shown.every((part, index) => part === parts[index]);
  return (isAsItWas ? path : shown.join('/')).slice(0, MOST_SHOWN);
}

/** Returns the text without percent-encoding, or `undefined` when it was encoded too often. */
function decoded(text: string): string | undefined {
  let plain = text;
  for (let round = 0; round <= MOST_ROUNDS; round += 1) {
    const next = plain.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
    if (next === plain) return plain;
    plain = next;
  }
  return undefined;
}

/** True for `boot` in any case, with signs around or between its letters, and with parameters (`boot;a=b`). */
function isBoot(part: string): boolean {
  const [name = ''] = part.split(';', 1);
  return name.replace(/[^A-Za-z0-9]/g, '').toLowerCase() === 'boot';
}

/** True for a part that has the dots and the random texts of a capability, whatever stands around it. */
function looksLikeCapability(part: string): boolean {
  const pieces = part.split('.');
  if (pieces.length <= LEAST_DOTS) return false;
  const lengths = pieces.map((piece) => piece.length);
  return lengths.some(
    (length, index) =>
      length >= LEAST_WHOLE_MAC ||
      (length >= LEAST_MAC && index === lengths.length - 1) ||
      (length >= LEAST_RANDOM && (lengths[index + 1] ?? 0) >= LEAST_RANDOM),
  );
}
