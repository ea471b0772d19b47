/** Reads the first document of a YAML text into a tree, in the dialect of go-yaml v3. No I/O. */
import { err, ok, type Result } from '../../shared/result.ts';
import type { Place, YamlNode } from './node.ts';
import { YamlFault } from './scan/cursor.ts';
import { parseDocument } from './scan/parser.ts';

/** A text that is not YAML, or that breaks a limit. */
export interface YamlError {
  /** The message of go-yaml, with the line that go-yaml names, if it names one. */
  readonly message: string;
  /** The same without a line. */
  readonly problem: string;
  /** The place that a person has to look at. Go-yaml's own line may be another. */
  readonly at: Place;
}

/** The limit for a source, in bytes. JSON may be longer (`TEXT_LIMIT` of the machines), because it takes less memory. */
const YAML_LIMIT = 256 * 1024;
// biome-ignore lint/suspicious/noControlCharactersInRegex: YAML refuses these characters
const REFUSED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]|\p{Surrogate}/u;
const TOO_LONG = `the source is over ${YAML_LIMIT} bytes, the limit for YAML; shorten it, or send the Ignition config that butane or ct makes of it`;
const START: Place = { line: 1, column: 1 };
const NOTHING: YamlNode = { kind: 'scalar', text: '', isPlain: true, tag: '', at: START, isAlias: false };

/**
 * Returns the root of the first document. A text without a document is a null. The limits on length, tokens, depth and
 * nodes bound the work of whoever walks the tree: an alias shares the tree of what it names, and counts as a copy.
 */
export function readYaml(source: string): Result<YamlNode, YamlError> {
  const text = source.replace(/^\ufeff/, '');
  if (text.length > YAML_LIMIT || new TextEncoder().encode(text).length > YAML_LIMIT)
    return err({ message: `yaml: ${TOO_LONG}`, problem: TOO_LONG, at: START });
  const refused = REFUSED.exec(text);
  if (refused !== null) {
    const problem = 'control characters are not allowed';
    return err({ message: `yaml: ${problem}`, problem, at: placeIn(text, refused.index) });
  }
  try {
    return ok(parseDocument(text) ?? NOTHING);
  } catch (cause) {
    if (!(cause instanceof YamlFault)) throw cause;
    const { problem, mark, goLine } = cause;
    const line = goLine === 0 ? '' : `line ${goLine}: `;
    return err({ message: `yaml: ${line}${problem}`, problem, at: { line: mark.line + 1, column: mark.column + 1 } });
  }
}

/** Returns the place of an offset in the text. */
function placeIn(text: string, offset: number): Place {
  const before = text.slice(0, offset).split(/\r\n?|[\n\u0085\u2028\u2029]/);
  return { line: before.length, column: [...(before.at(-1) ?? '')].length + 1 };
}
