/** By what a machine is known in a fleet: addresses and numbers of its hardware, each in one spelling. No I/O. */

export const IDENTITY_KINDS = ['mac', 'uuid', 'serial', 'asset'] as const;
export type IdentityKind = (typeof IDENTITY_KINDS)[number];

/** The identities of a machine. It has several network cards, and may have had several numbers. */
export type Identities = Readonly<Record<IdentityKind, readonly string[]>>;
export const NO_IDENTITIES: Identities = { mac: [], uuid: [], serial: [], asset: [] };

/**
 * What makers leave in their firmware: a thousand machines have the same. The UUIDs are of AMI's, and of systemd's list of bad
 * ones (src/basic/virt and libsystemd/sd-id128); the texts are those of dmidecode's and FCOS's reports.
 */
const NOBODYS_UUIDS = new Set([
  '03000200-0400-0500-0006-000700080009',
  '00020003-0004-0005-0006-000700080009',
  '12345678-1234-5678-90ab-cddeefaabbcc',
  '01234567-8910-1112-1314-151617181920',
]);
const NOBODYS_TEXTS = new Set([
  ...[
    'none',
    'n/a',
    'na',
    'null',
    'oem',
    'unknown',
    'invalid',
    'empty',
    'not specified',
    'not available',
    'not applicable',
  ],
  ...[
    'to be filled by o.e.m.',
    'to be filled by oem',
    'default string',
    'default',
    'system serial number',
    'serial number',
  ],
  ...['chassis serial number', 'base board serial number', '0123456789', '123456789', '1234567890', 'asset tag'],
  ...['no asset tag', 'no asset information', 'asset-1234567890', 'not set', 'sernum0', 'xxxxxxxx'],
]);

const MOST_TEXT = 64;

/** Returns the one spelling of an identity; `undefined` for a text that is none, or one that is nobody's own. */
export function identityValue(kind: IdentityKind, text: string): string | undefined {
  if (kind === 'mac') return macOf(text);
  return kind === 'uuid' ? uuidOf(text) : textOf(text);
}

/** Takes `52:54:00:12:34:56`, `52-54-…`, `5254.0012.3456` and `525400123456`. A group address is no card's own (IEEE 802). */
function macOf(text: string): string | undefined {
  const digits = text.trim().toLowerCase().replaceAll(/[:.-]/g, '');
  if (!/^[0-9a-f]{12}$/.test(digits) || !/^(?:[0-9a-f]{12}|(?:..[:-]){5}..|(?:....\.){2}....)$/i.test(text.trim()))
    return undefined;
  const isGroup = Number.parseInt(digits.slice(0, 2), 16) % 2 === 1;
  return isGroup || isOneDigit(digits) ? undefined : (digits.match(/../g) ?? []).join(':');
}

/** Takes the form of RFC 9562, also in capitals and in braces. */
function uuidOf(text: string): string | undefined {
  const uuid = text.trim().toLowerCase().replace(/^\{/, '').replace(/\}$/, '');
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(uuid)) return undefined;
  return isOneDigit(uuid.replaceAll('-', '')) || NOBODYS_UUIDS.has(uuid) ? undefined : uuid;
}

function textOf(text: string): string | undefined {
  const trimmed = text.trim();
  if (!/^[!-~](?:[ -~]*[!-~])?$/.test(trimmed) || trimmed.length > MOST_TEXT) return undefined;
  return isOneDigit(trimmed) || NOBODYS_TEXTS.has(trimmed.toLowerCase()) ? undefined : trimmed;
}

const isOneDigit = (text: string): boolean => new Set(text).size === 1;

/** Returns the key of an identity's object below its fleet. */
export const identityKey = (kind: IdentityKind, value: string): string => `${kind}/${encodeURIComponent(value)}`;

/** Returns every identity as kind and value. */
export const allOf = (identities: Identities): readonly (readonly [IdentityKind, string])[] =>
  IDENTITY_KINDS.flatMap((kind) => identities[kind].map((value) => [kind, value] as const));
