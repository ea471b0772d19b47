/**
 * Reads systemd unit files as Ignition does, which uses go-systemd (unit/deserialize.go of v22): character by character,
 * through a buffer of 4,096 bytes, whose filling decides which lines it finds too long. No I/O.
 */
import { err, ok, type Result } from '../../shared/result.ts';
import { goQuote } from '../urls/go-quote.ts';

/** A line that is longer than this is an error, where so much of it is in the buffer. */
const MOST_LINE = 2048;
/** The size of Go's `bufio.Reader`. */
const BUFFER = 4096;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const HASH = 0x23;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const OPEN = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE = 0x5d;

/** Go's `unicode.IsSpace`. U+FEFF is none, unlike in JavaScript, and U+0085 is one. */
const isSpace = (code: number): boolean =>
  (code >= 0x09 && code <= 0x0d) ||
  code === SPACE ||
  code === 0x85 ||
  code === 0xa0 ||
  code === 0x1680 ||
  (code >= 0x2000 && code <= 0x200a) ||
  code === 0x2028 ||
  code === 0x2029 ||
  code === 0x202f ||
  code === 0x205f ||
  code === 0x3000;

/**
 * Returns the sections of a unit file that have an option, or the message of the reference when the text is not a unit
 * file. An empty text is one.
 */
export function readUnitFile(text: string): Result<ReadonlySet<string>, string> {
  try {
    return ok(new UnitReader(text).sections());
  } catch (cause) {
    if (cause instanceof NoUnitFile) return err(cause.message);
    throw cause;
  }
}

class NoUnitFile extends Error {}

class UnitReader {
  readonly #bytes: Uint8Array;
  readonly #sections = new Set<string>();
  #at = 0;
  /** The end of what the reference has read into its buffer. */
  #loaded = 0;
  /** The end of the line at `#at`, if it was looked for. It is kept, since the reference looks before each character. */
  #lineEnd = -1;

  constructor(text: string) {
    this.#bytes = new TextEncoder().encode(text);
  }

  sections(): ReadonlySet<string> {
    // Before the first section everything is skipped but comments.
    for (let code = this.#step(); code !== undefined; code = this.#step()) {
      if (code === OPEN) return this.#section();
      if (isComment(code)) this.#comment();
    }
    return this.#sections;
  }

  #section(): ReadonlySet<string> {
    let name = this.#sectionName();
    for (let code = this.#step(); code !== undefined; code = this.#step()) {
      if (isSpace(code)) continue;
      if (code === OPEN) name = this.#sectionName();
      else if (isComment(code)) this.#comment();
      else {
        this.#at -= widthOf(code);
        this.#optionName();
        this.#optionValue();
        this.#sections.add(name);
      }
    }
    return this.#sections;
  }

  /** A section's name may go over lines. Behind its bracket only white space may follow. */
  #sectionName(): string {
    this.#checkLine();
    const from = this.#at;
    if (!this.#readTo(CLOSE)) throw new NoUnitFile('unable to find end of section');
    const name = textOf(this.#bytes.subarray(from, this.#at - 1));
    this.#checkLine();
    const garbage = trimmed(this.#restOfLine());
    if (garbage !== '') throw new NoUnitFile(`found garbage after section name : ${goQuote(garbage)}`);
    return name;
  }

  /** A comment goes on in the next line when it ends in a backslash, with at most one space behind it. */
  #comment(): void {
    this.#checkLine();
    for (;;) {
      const line = this.#restOfLine();
      const end = line.at(-1) === SPACE ? line.length - 1 : line.length;
      if (line[end - 1] !== BACKSLASH) return;
    }
  }

  #optionName(): void {
    this.#checkLine();
    for (;;) {
      const code = this.#rune();
      if (code === undefined) throw new NoUnitFile('EOF');
      if (code === LINE_FEED || code === CARRIAGE_RETURN)
        throw new NoUnitFile('unexpected newline encountered while parsing option name');
      if (code === EQUALS) return;
    }
  }

  /** A value goes on in the next line when its very last byte is a backslash. */
  #optionValue(): void {
    for (;;) {
      this.#checkLine();
      const line = this.#restOfLine();
      if (line.at(-1) !== BACKSLASH) return;
    }
  }

  /** Reads a character as a step of the reference, which looks at the length of the line before each step. */
  #step(): number | undefined {
    this.#checkLine();
    return this.#rune();
  }

  #checkLine(): void {
    if (this.#loaded - this.#at < MOST_LINE) return;
    if (this.#lineEnd < this.#at) {
      const { length } = this.#bytes;
      let at = this.#at;
      while (at < length && this.#bytes[at] !== LINE_FEED && this.#bytes[at] !== CARRIAGE_RETURN) at += 1;
      this.#lineEnd = at;
    }
    if (this.#lineEnd >= this.#at + MOST_LINE) throw new NoUnitFile(`line too long (max ${MOST_LINE} bytes)`);
  }

  #rune(): number | undefined {
    const width = widthOfByte(this.#bytes[this.#at]);
    if (this.#loaded < this.#at + width) this.#fill();
    if (this.#at >= this.#bytes.length) return undefined;
    const code = codeAt(this.#bytes, this.#at, width);
    this.#at += width;
    return code;
  }

  #fill(): void {
    this.#loaded = Math.min(this.#bytes.length, this.#at + BUFFER);
  }

  /** Moves behind the next `delimiter`. Without one, moves to the end and returns false. */
  #readTo(delimiter: number): boolean {
    const found = this.#bytes.indexOf(delimiter, this.#at);
    const end = found === -1 ? this.#bytes.length : found + 1;
    // The buffer is filled once, and whenever all of it was searched in vain.
    for (;;) {
      if (end <= this.#loaded && found !== -1) break;
      if (this.#loaded >= this.#bytes.length) break;
      if (this.#loaded - this.#at >= BUFFER) this.#at = this.#loaded;
      else this.#fill();
    }
    this.#at = end;
    this.#loaded = Math.max(this.#loaded, end);
    return found !== -1;
  }

  /** Moves behind the line, and returns what was left of it. */
  #restOfLine(): Uint8Array {
    const from = this.#at;
    const isEnded = this.#readTo(LINE_FEED);
    const line = this.#bytes.subarray(from, isEnded ? this.#at - 1 : this.#at);
    // The reference takes a carriage return off before the line feed is gone, so only one at the very end is taken.
    return !isEnded && line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
  }
}

const isComment = (code: number): boolean => code === HASH || code === SEMICOLON;

/** Returns the number of bytes of a character by its first byte. The bytes are well-formed UTF-8. */
function widthOfByte(byte = 0): number {
  if (byte < 0x80) return 1;
  if (byte < 0xe0) return 2;
  return byte < 0xf0 ? 3 : 4;
}

function widthOf(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

function codeAt(bytes: Uint8Array, at: number, width: number): number {
  const first = bytes[at] ?? 0;
  if (width === 1) return first;
  let code = first & (0xff >> (width + 1));
  for (let next = at + 1; next < at + width; next += 1) code = code * 64 + ((bytes[next] ?? 0) & 0x3f);
  return code;
}

const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(bytes);

/** Returns a text without the white space of Go around it. */
function trimmed(bytes: Uint8Array): string {
  const characters = [...textOf(bytes)];
  const isText = (character: string) => !isSpace(character.codePointAt(0) ?? SPACE);
  const from = characters.findIndex(isText);
  return from === -1 ? '' : characters.slice(from, characters.findLastIndex(isText) + 1).join('');
}
