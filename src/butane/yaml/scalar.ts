/** Reads a scalar into a typed field as go-yaml v3 does (its resolve.go and decode.go). No I/O. */
import { err, ok, type Result } from '../../shared/result.ts';
import type { ScalarNode } from './yaml-tree.ts';

export type ScalarFault = { readonly message: string };

const NULLS = ['', '~', 'null', 'Null', 'NULL'];
const TRUE = ['true', 'True', 'TRUE'];
const FALSE = ['false', 'False', 'FALSE'];
/** YAML 1.1 spellings, which a field of type bool accepts, even quoted. */
const OLD_TRUE = ['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'];
const OLD_FALSE = ['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'];
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const SPECIAL = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;
const INT64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };

type Kind = 'null' | 'bool' | 'int' | 'float' | 'string' | 'binary';

/** True for a scalar that means null: an empty plain scalar, `~` or `null`. */
export const isNull = (node: ScalarNode): boolean => kindOf(node) === 'null';

/** Returns the text of a string field: any scalar as it is written. `!!binary` is decoded from base64. */
export function asText(node: ScalarNode): Result<string, ScalarFault> {
  if (kindOf(node) !== 'binary') return ok(node.text);
  const bytes = asBytes(node);
  return bytes.ok ? ok(new TextDecoder().decode(bytes.value)) : bytes;
}

/** Returns the bytes of a string field. With `!!binary` they need not be UTF-8. */
export function asBytes(node: ScalarNode): Result<Uint8Array<ArrayBuffer>, ScalarFault> {
  if (kindOf(node) !== 'binary') return ok(new Uint8Array(new TextEncoder().encode(node.text)));
  try {
    const binary = atob(node.text.replace(/\s/g, ''));
    return ok(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
  } catch {
    return err({ message: '!!binary value contains invalid base64 data' });
  }
}

/** Returns the number of an integer field. A float is truncated; a quoted number is text and gives an error. */
export function asInteger(node: ScalarNode): Result<number, ScalarFault> {
  const kind = kindOf(node);
  const refused = err({ message: `cannot unmarshal ${goName(node, kind)} into int` });
  if (kind !== 'int' && kind !== 'float') return refused;
  const value = integerOf(node.text) ?? floatOf(node.text);
  if (value === undefined || value < INT64.least || value > INT64.most) return refused;
  // Go keeps all 64 bits, but JavaScript would round the number.
  return Number.isSafeInteger(Number(value)) ? ok(Number(value)) : err({ message: `${node.text} is out of range` });
}

/** Returns the value of a boolean field, which accepts true, false and the YAML 1.1 spellings. */
export function asFlag(node: ScalarNode): Result<boolean, ScalarFault> {
  const kind = kindOf(node);
  if (kind === 'bool') return ok(TRUE.includes(node.text));
  if (kind === 'string' && OLD_TRUE.includes(node.text)) return ok(true);
  if (kind === 'string' && OLD_FALSE.includes(node.text)) return ok(false);
  return err({ message: `cannot unmarshal ${goName(node, kind)} into bool` });
}

/** Returns a fault when a scalar's explicit tag does not fit its text; `undefined` otherwise. */
export function tagFault({ tag, text }: ScalarNode): ScalarFault | undefined {
  const fits: Record<string, boolean> = {
    '!!int': integerOf(text) !== undefined,
    '!!float': FLOAT.test(text) || SPECIAL.test(text) || integerOf(text) !== undefined,
    '!!bool': [...TRUE, ...FALSE, ...OLD_TRUE, ...OLD_FALSE].includes(text),
  };
  return fits[tag] === false ? { message: `cannot decode !!str \`${text}\` as a ${tag}` } : undefined;
}

function kindOf({ text, isPlain, tag }: ScalarNode): Kind {
  if (tag === '!!binary') return 'binary';
  if (tag === '!!str') return 'string';
  if (tag === '!!int') return 'int';
  if (tag === '!!float') return 'float';
  if (tag === '!!bool') return 'bool';
  if (tag === '!!null') return 'null';
  if (!isPlain) return 'string';
  if (NULLS.includes(text)) return 'null';
  if (TRUE.includes(text) || FALSE.includes(text)) return 'bool';
  if (integerOf(text) !== undefined) return 'int';
  return FLOAT.test(text) || SPECIAL.test(text) ? 'float' : 'string';
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
  return sign === '-' ? -BigInt(octal) : BigInt(octal);
}

function floatOf(text: string): bigint | undefined {
  const value = FLOAT.test(text.replaceAll('_', '')) ? Math.trunc(Number(text.replaceAll('_', ''))) : Number.NaN;
  return Number.isFinite(value) && Math.abs(value) < 2 ** 64 ? BigInt(value) : undefined;
}

/** Describes a value as go-yaml does in its messages, which cut a long text after seven characters. */
function goName({ text }: ScalarNode, kind: Kind): string {
  const names: Record<Kind, string> = {
    null: '!!null',
    bool: '!!bool',
    int: '!!int',
    float: '!!float',
    string: '!!str',
    binary: '!!binary',
  };
  return `${names[kind]} \`${text.length > 10 ? `${text.slice(0, 7)}...` : text}\``;
}
