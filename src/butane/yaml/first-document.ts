/**
 * Reads the first document of a YAML text with the `yaml` package, within limits that keep an isolate alive: the package
 * needs about a hundred times the memory of a text, recurses once for each level, and would read every document.
 * go-yaml reads the first document alone. No I/O.
 */
import { Composer, type CST, type Document, Lexer, Parser } from 'yaml';
import { err, ok, type Result } from '../../shared/result.ts';

/** The limit for a source, in bytes. JSON may be longer (`TEXT_LIMIT` of the machines), because it takes less memory. */
const YAML_LIMIT = 256 * 1024;
/** The limit for the tokens of the first document. A token takes up to a kilobyte until the config is made. */
const MOST_TOKENS = 100_000;
/** No useful config is nested deeper than this. */
export const MOST_DEPTH = 200;
/** The parser's stack holds the document and the scalar that it reads, besides the collections. */
const MOST_STACK = MOST_DEPTH + 2;

const OPTIONS = {
  schema: 'failsafe',
  uniqueKeys: false,
  merge: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

/** Returns the first document, `undefined` when there is none, or a message about the limit that the text breaks. */
export function firstDocument(text: string): Result<Document.Parsed | undefined, string> {
  if (text.length > YAML_LIMIT || new TextEncoder().encode(text).length > YAML_LIMIT) return err(TOO_LONG);
  const composer = new Composer(OPTIONS);
  const parser = new Parser();
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > MOST_TOKENS) return err(TOO_MANY_TOKENS);
    const composed = composedOf(parser.next(lexeme), composer);
    if (composed !== undefined) return ok(composed);
    // The package builds a tree by recursion, and deep nesting would overflow its stack.
    if (parser.stack.length > MOST_STACK) return err(`nested deeper than ${MOST_DEPTH}`);
  }
  return ok(composedOf(parser.end(), composer));
}

/** Returns the document, once the parser has read to its end: only then is a tree built. */
function composedOf(tokens: Iterable<CST.Token>, composer: Composer): Document.Parsed | undefined {
  for (const token of tokens) {
    for (const document of composer.next(token)) return document;
    if (token.type === 'document') for (const document of composer.end()) return document;
  }
  return undefined;
}

const TOO_LONG = `the source is over ${YAML_LIMIT} bytes, the limit for YAML; shorten it, or send the Ignition config that butane or ct makes of it`;
const TOO_MANY_TOKENS = `the source has over ${MOST_TOKENS} tokens, the limit for YAML; shorten it, or send the Ignition config that butane or ct makes of it`;
