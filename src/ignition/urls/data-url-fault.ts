/**
 * Judges data URLs (RFC 2397) as Go's `dataurl` package does, whose messages Ignition shows (lex.go, dataurl.go and
 * rfc2396.go of vincent-petithory/dataurl). No I/O.
 */

const SCHEME = 'data:';
/** The beginnings of the types that it knows. A type that begins with `x-` is any type. */
const TYPES = /^(text|image|audio|video|application|message|multipart)/;
/** A character of a token of RFC 2045. Media types and parameters consist of tokens. */
const TOKEN = /[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]/;
/** A character that the body may not hold: controls, delimiters and the unwise characters of RFC 2396. */
const NOT_IN_BODY = /[\0-\x20<>#"{}|\\^[\]`\x7f-\uffff]/;
const NOT_IN_BASE64 = /[^A-Za-z0-9+/=]/;
const ALPHABET = /[A-Za-z0-9+/]/;
const HEX = /[0-9A-Fa-f]/;
const NO_COMMA = 'missing comma before data';
const UNENDED = 'unterminated parameter sequence';

/** Returns the reason why a text is no data URL, or `undefined` for a good one. */
export function dataUrlFault(source: string): string | undefined {
  if (!source.startsWith(SCHEME)) return 'missing data prefix';
  const head = new HeadReader(source, SCHEME.length);
  const fault = head.fault();
  if (fault !== undefined) return fault;
  const body = source.slice(head.at);
  if (!head.isBase64) return NOT_IN_BODY.test(body) ? 'invalid data character' : escapeFault(body);
  if (NOT_IN_BASE64.test(body)) return 'invalid data character';
  const byte = base64Fault(body);
  return byte === undefined ? undefined : `illegal base64 data at input byte ${byte}`;
}

/** Reads what stands before the body: a media type, its parameters and the mark of base64. */
class HeadReader {
  readonly #source: string;
  /** Behind the head, the offset of the body. */
  at: number;
  isBase64 = false;

  constructor(source: string, at: number) {
    this.#source = source;
    this.at = at;
  }

  fault(): string | undefined {
    const first = this.#peek();
    if (first === undefined) return NO_COMMA;
    if (first !== ';' && first !== ',') {
      if (!TOKEN.test(first)) return 'invalid character after data prefix';
      const fault = this.#mediaType();
      if (fault !== undefined) return fault;
    }
    while (this.#peek() === ';') {
      this.at += 1;
      const fault = this.#parameter();
      if (fault !== undefined) return fault;
    }
    if (this.#peek() !== ',') return this.#peek() === undefined ? NO_COMMA : 'expected semicolon or comma';
    this.at += 1;
    return undefined;
  }

  #peek(): string | undefined {
    return this.#source[this.at];
  }

  #token(): string {
    const from = this.at;
    while (TOKEN.test(this.#peek() ?? '')) this.at += 1;
    return this.#source.slice(from, this.at);
  }

  #mediaType(): string | undefined {
    const from = this.at;
    // Behind an x, the reference takes the next character whatever it is.
    const isX = /x/i.test(this.#peek() ?? '');
    if (isX) this.at = Math.min(from + 2, this.#source.length);
    this.#token();
    const type = this.#source.slice(from, this.at);
    if (this.#peek() === undefined) return 'missing media type slash';
    if (this.#peek() !== '/') return 'invalid character for media type';
    if (!TYPES.test(type) && !/^x-/i.test(type)) return 'invalid media type';
    this.at += 1;
    this.#token();
    if (this.#peek() === undefined) return 'incomplete media type';
    return this.#peek() === ';' || this.#peek() === ',' ? undefined : 'invalid character for media subtype';
  }

  #parameter(): string | undefined {
    const first = this.#peek();
    if (first === undefined || first === '=' || first === ',') return UNENDED;
    if (!TOKEN.test(first)) return 'invalid character for parameter attribute';
    const name = this.#token();
    const next = this.#peek();
    if (next === undefined) return UNENDED;
    if (next === ',') {
      this.isBase64 = name === 'base64';
      return this.isBase64 ? undefined : `expected base64, got ${name}`;
    }
    if (next !== '=') return 'invalid character for parameter attribute';
    this.at += 1;
    return this.#value();
  }

  #value(): string | undefined {
    const first = this.#peek();
    if (first === undefined) return NO_COMMA;
    if (first === '"') return this.#quoted();
    if (!TOKEN.test(first)) return 'invalid character for parameter value';
    const value = this.#token();
    const next = this.#peek();
    if (next === undefined) return NO_COMMA;
    if (next !== ';' && next !== ',') return 'invalid character for parameter value';
    return escapeFault(value);
  }

  #quoted(): string | undefined {
    this.at += 1;
    const from = this.at;
    for (let character = this.#peek(); character !== '"'; character = this.#peek()) {
      if (character === undefined) return 'unclosed quoted string';
      if (character > '\x7f') return 'invalid character for parameter value';
      this.at += 1;
      if (character !== '\\') continue;
      const escaped = this.#peek();
      if (escaped === undefined) return 'unclosed quoted string';
      if (escaped > '\x7f') return 'invalid escaped character';
      this.at += 1;
    }
    const value = this.#source.slice(from, this.at);
    this.at += 1;
    return isGoString(value) ? undefined : 'invalid syntax';
  }
}

/** Returns the reason why a percent sign in a text is no escape, or `undefined`. */
function escapeFault(text: string): string | undefined {
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', at + 3)) {
    for (const digit of [text[at + 1], text[at + 2]]) {
      if (digit === undefined) return 'rfc2396: unexpected end of unescape sequence';
      if (!HEX.test(digit)) return 'rfc2396: invalid char 0x25 in unescape sequence';
    }
  }
  return undefined;
}

/** Returns the offset at which Go's base64 decoder stops, or `undefined` for padded base64 (RFC 4648 section 4). */
function base64Fault(text: string): number | undefined {
  const padding = text.indexOf('=');
  const digits = padding === -1 ? text.length : padding;
  const left = digits % 4;
  if (padding === -1) return left === 0 ? undefined : digits - left;
  if (left < 2) return padding;
  if (left === 3) return padding + 1 === text.length ? undefined : padding + 1;
  if (padding + 1 === text.length) return text.length;
  if (ALPHABET.test(text[padding + 1] ?? '')) return padding;
  return padding + 2 === text.length ? undefined : padding + 2;
}

/** True for what Go may have between the quotes of a string (strconv.Unquote). */
function isGoString(text: string): boolean {
  for (let at = text.indexOf('\\'); at !== -1; at = text.indexOf('\\', at)) {
    const letter = text[at + 1] ?? '';
    const octal = /^[0-3][0-7]{2}$/.test(text.slice(at + 1, at + 4));
    const count = ({ x: 2, u: 4, U: 8 } as Readonly<Record<string, number>>)[letter] ?? 0;
    const digits = text.slice(at + 2, at + 2 + count);
    if (count > 0) {
      const code = /^[0-9A-Fa-f]+$/.test(digits) && digits.length === count ? Number.parseInt(digits, 16) : -1;
      if (code < 0 || code > 0x10ffff || (count > 2 && code >= 0xd800 && code <= 0xdfff)) return false;
    } else if (!octal && !'abfnrtv\\"'.includes(letter)) return false;
    at += 2 + (octal ? 2 : count);
  }
  return true;
}
