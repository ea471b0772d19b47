/** Reads a scalar into a typed field as go-yaml v3 does (its resolve.go and decode.go). No I/O. */
import { err, ok, type Result } from '../../shared/result.ts';
import type { ScalarNode } from './node.ts';

export interface ScalarFault {
  readonly message: string;
  /** True for a wrong type: go-yaml goes on, and reports all of them. Any other fault ends its decoding. */
  readonly isType: boolean;
}

const NULLS = ['', '~', 'null', 'Null', 'NULL'];
const TRUE = ['true', 'True', 'TRUE'];
const FALSE = ['false', 'False', 'FALSE'];
/** YAML 1.1 spellings, which a field of type bool accepts, even quoted. */
const OLD_TRUE = ['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'];
const OLD_FALSE = ['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'];
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const SPECIAL = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;
const INT64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
const MOST_UINT64 = 2n ** 64n - 1n;
/** The forms of a date that go-yaml takes for a timestamp when it is not quoted. */
const TIMESTAMP = /^\d{4}-\d\d?-\d\d?([Tt ]\d\d?:\d\d?:\d\d?(\.\d+)?(Z|[+-]\d\d:\d\d)?)?$/;
/** Go's base64 skips line breaks, and nothing else. */
const LINE_BREAKS = /[\r\n]/g;
const NOT_BASE64 = /[^A-Za-z0-9+/]/;

type Kind = 'null' | 'bool' | 'int' | 'float' | 'timestamp' | 'string' | 'binary';

/** True for a scalar that means null: an empty plain scalar, `~` or `null`. */
export const isNull = (node: ScalarNode): boolean => kindOf(node) === 'null';

/** Returns the text of a string field: any scalar as it is written. `!!binary` is decoded, and must then be UTF-8. */
export function asText(node: ScalarNode): Result<string, ScalarFault> {
  if (kindOf(node) !== 'binary') return ok(node.text);
  const bytes = asBytes(node);
  if (!bytes.ok) return bytes;
  try {
    return ok(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.value));
  } catch {
    // Go would carry the bytes into a JSON text, where each of them becomes U+FFFD.
    return err({ message: '!!binary value is not UTF-8, which this field must be', isType: false });
  }
}

/** Returns the bytes of a string field. With `!!binary` they need not be UTF-8. */
export function asBytes(node: ScalarNode): Result<Uint8Array<ArrayBuffer>, ScalarFault> {
  if (kindOf(node) !== 'binary') return ok(new Uint8Array(new TextEncoder().encode(node.text)));
  const text = node.text.replace(LINE_BREAKS, '');
  if (!isPaddedBase64(text)) return err({ message: '!!binary value contains invalid base64 data', isType: false });
  return ok(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
}

/** True for standard base64 with its padding (RFC 4648 section 4), without white space. */
function isPaddedBase64(text: string): boolean {
  if (text.length % 4 !== 0) return false;
  const end = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  return !NOT_BASE64.test(text.slice(0, end));
}

/** Returns the number of an integer field. A float is truncated; a quoted number is text and gives an error. */
export const asInteger = (node: ScalarNode): Result<number, ScalarFault> => numberOf(node, 'int', INT64);

/** Returns the number of an unsigned field, read as an integer field. */
export const asUnsigned = (node: ScalarNode): Result<number, ScalarFault> =>
  numberOf(node, 'uint', { least: 0n, most: MOST_UINT64 });

function numberOf(
  node: ScalarNode,
  goType: 'int' | 'uint',
  { least, most }: typeof INT64,
): Result<number, ScalarFault> {
  const kind = kindOf(node);
  const refused = err({ message: `cannot unmarshal ${goName(node, kind)} into ${goType}`, isType: true });
  if (kind !== 'int' && kind !== 'float') return refused;
  const value = integerOf(node.text) ?? floatOf(node.text);
  if (value === undefined || value < least || value > most) return refused;
  // Go keeps all 64 bits, but JavaScript would round the number.
  if (Number.isSafeInteger(Number(value))) return ok(Number(value));
  return err({ message: `${node.text} is out of range`, isType: true });
}

/** Returns the value of a boolean field, which accepts true, false and the YAML 1.1 spellings. */
export function asFlag(node: ScalarNode): Result<boolean, ScalarFault> {
  const kind = kindOf(node);
  if (kind === 'bool') return ok(TRUE.includes(node.text));
  if (kind === 'string' && OLD_TRUE.includes(node.text)) return ok(true);
  if (kind === 'string' && OLD_FALSE.includes(node.text)) return ok(false);
  return err({ message: `cannot unmarshal ${goName(node, kind)} into bool`, isType: true });
}

/** Returns a fault when a scalar's explicit tag does not fit its text; `undefined` otherwise. */
export function tagFault({ tag, text }: ScalarNode): ScalarFault | undefined {
  const fits = TAGGED[tag];
  const kind = plainKind(text);
  if (fits === undefined || fits.includes(kind)) return undefined;
  return { message: `cannot decode ${TAG_OF[kind]} \`${text}\` as a ${tag}`, isType: false };
}

/** The kinds of text that each tag takes. */
const TAGGED: Readonly<Record<string, readonly Kind[]>> = {
  '!!null': ['null'],
  '!!bool': ['bool'],
  '!!int': ['int'],
  '!!float': ['float', 'int'],
  '!!timestamp': ['timestamp'],
};

const TAG_OF: Readonly<Record<Kind, string>> = {
  null: '!!null',
  bool: '!!bool',
  int: '!!int',
  float: '!!float',
  timestamp: '!!timestamp',
  string: '!!str',
  binary: '!!binary',
};

function kindOf({ text, isPlain, tag }: ScalarNode): Kind {
  if (tag === '!!binary') return 'binary';
  if (tag === '!!str') return 'string';
  const [tagged] = TAGGED[tag] ?? [];
  if (tagged !== undefined) return tagged;
  // A tag of the user's own makes a text of anything.
  if (tag !== '' && tag !== '!') return 'string';
  return isPlain ? plainKind(text) : 'string';
}

/** Returns the kind of a text that is neither quoted nor tagged. */
function plainKind(text: string): Kind {
  if (NULLS.includes(text)) return 'null';
  if (TRUE.includes(text) || FALSE.includes(text)) return 'bool';
  if (TIMESTAMP.test(text)) return 'timestamp';
  if (integerOf(text) !== undefined) return 'int';
  return FLOAT.test(text.replaceAll('_', '')) || SPECIAL.test(text) ? 'float' : 'string';
}

/** Reads Go's forms of integers: decimal, `0x`, `0b`, `0o`, and octal with a leading zero, with `_` between digits. */
function integerOf(text: string): bigint | undefined {
  if (text.startsWith('_')) return undefined;
  const match = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)$/.exec(
    text.replaceAll('_', ''),
  );
  if (match === null) return undefined;
  const [, sign, digits = ''] = match;
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const value = sign === '-' ? -BigInt(octal) : BigInt(octal);
  // A longer number is a float if it is decimal, and a text otherwise.
  return value < INT64.least || value > MOST_UINT64 ? undefined : value;
}

function floatOf(text: string): bigint | undefined {
  const value = FLOAT.test(text.replaceAll('_', '')) ? Math.trunc(Number(text.replaceAll('_', ''))) : Number.NaN;
  return Number.isFinite(value) && Math.abs(value) < 2 ** 64 ? BigInt(value) : undefined;
}

/** Describes a value as go-yaml does in its messages, which cut a long text after seven characters. */
function goName({ text }: ScalarNode, kind: Kind): string {
  return `${TAG_OF[kind]} \`${text.length > 10 ? `${text.slice(0, 7)}...` : text}\``;
}
