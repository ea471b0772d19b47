/**
 * Finds regular expressions that may do more than linear work: a repetition inside a repetition, two neighbouring
 * repetitions that can take the same character, and a search that begins again inside of what a repetition took. It
 * knows the forms of regular expressions that this house uses.
 */

export type Suspicion = 'nested' | 'adjacent' | 'begins again';

interface Item {
  /** The source of a regular expression for one character that it can take; empty for an assertion. */
  readonly takes: string;
  readonly isRepeated: boolean;
  readonly isOptional: boolean;
  readonly holdsRepetition: boolean;
  readonly isAssertion: boolean;
}

/** Characters by which classes are compared: ASCII, and some beyond. */
const PROBES = [...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)), 'é', '\u2028', '€'];

/** Returns what makes a regular expression suspicious; an empty list for one that is linear. */
export function suspicionsOf(source: string, flags = ''): Suspicion[] {
  const reader = new PatternReader(source, flags);
  const alternatives = reader.alternatives();
  const isSearched = !flags.includes('y');
  if (isSearched && alternatives.some((items) => beginsAgain(items, flags))) reader.found.add('begins again');
  return [...reader.found];
}

class PatternReader {
  readonly found = new Set<Suspicion>();
  #at = 0;

  constructor(
    private readonly source: string,
    private readonly flags: string,
  ) {}

  alternatives(): Item[][] {
    const alternatives: Item[][] = [[]];
    while (this.#at < this.source.length && this.source[this.#at] !== ')') {
      if (this.#take(/\|/y) === '') alternatives.at(-1)?.push(this.#item());
      else alternatives.push([]);
    }
    for (const items of alternatives) if (hasAdjacent(items, this.flags)) this.found.add('adjacent');
    return alternatives;
  }

  #item(): Item {
    const atom = this.#atom();
    const quantifier = this.#take(/(?:[*+?]|\{\d+(?:,\d*)?\})\??/y);
    const isRepeated = /^[*+]|,\}/.test(quantifier);
    if (isRepeated && atom.holdsRepetition) this.found.add('nested');
    return {
      ...atom,
      isRepeated,
      isOptional: /^[*?]|^\{0/.test(quantifier),
      holdsRepetition: isRepeated || atom.holdsRepetition,
    };
  }

  #atom(): Pick<Item, 'takes' | 'holdsRepetition' | 'isAssertion'> {
    const assertion = { takes: '', holdsRepetition: false, isAssertion: true };
    if (this.#take(/[$^]|\\[bB]/y) !== '') return assertion;
    const opening = this.#take(/\((?:\?(?:[:=!]|<[=!]|<\w+>))?/y);
    if (opening !== '') {
      const items = this.alternatives().flat();
      this.#at += 1;
      if (/[=!]$/.test(opening)) return assertion;
      const takes = items.filter((item) => !item.isAssertion).map((item) => item.takes);
      return {
        takes: `(?:${takes.join('|')})`,
        holdsRepetition: items.some(({ holdsRepetition }) => holdsRepetition),
        isAssertion: takes.length === 0,
      };
    }
    const takes = this.#take(/\[(?:\\.|[^\]\\])*\]|\\u\{\w+\}|\\u\w{4}|\\x\w{2}|\\p\{\w+\}|\\.|[^\\]/sy);
    return { takes, holdsRepetition: false, isAssertion: false };
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const taken = pattern.exec(this.source)?.[0] ?? '';
    this.#at += taken.length;
    return taken;
  }
}

/** True for two repetitions that can share the same text: nothing that has to stand between them tells them apart. */
function hasAdjacent(items: readonly Item[], flags: string): boolean {
  return items.some((item, index) => {
    if (!item.holdsRepetition) return false;
    for (const next of items.slice(index + 1)) {
      if (next.isAssertion) continue;
      const canShare = overlap(item.takes, next.takes, flags);
      if (next.holdsRepetition && canShare) return true;
      if (!next.isOptional && !canShare) return false;
    }
    return false;
  });
}

/** True when a search that fails after a repetition finds its beginning once more inside of what the repetition took. */
function beginsAgain(items: readonly Item[], flags: string): boolean {
  const [first] = items;
  if (first === undefined || (first.isAssertion && items.length > 1)) return false;
  return items.some((item, index) => {
    const canFail = items.slice(index + 1).some((later) => !later.isOptional);
    return item.holdsRepetition && canFail && (index === 0 || overlap(first.takes, item.takes, flags));
  });
}

function overlap(a: string, b: string, flags: string): boolean {
  const kept = flags.replace(/[^isu]/g, '');
  const [first, second] = [a, b].map((takes) => new RegExp(`^(?:${takes})$`, kept));
  return PROBES.some((probe) => first?.test(probe) === true && second?.test(probe) === true);
}

export interface Literal {
  readonly source: string;
  readonly flags: string;
}

const PIECES = new RegExp(
  [
    '(?<skipped>/\\*.*?\\*/|//[^\\n]*|\'(?:\\\\.|[^\'\\\\\\n])*\'|"(?:\\\\.|[^"\\\\\\n])*"|`(?:\\\\.|[^`\\\\])*`)',
    // A slash begins a regular expression where a value can stand.
    '(?<before>[(,=:[!&|?{};>]|\\breturn|^)(?<space>\\s*)/(?<source>(?:\\\\.|\\[(?:\\\\.|[^\\]\\\\\\n])*\\]|[^/\\\\[\\n*])(?:\\\\.|\\[(?:\\\\.|[^\\]\\\\\\n])*\\]|[^/\\\\[\\n])*)/(?<flags>[dgimsuvy]*)',
  ].join('|'),
  'gms',
);

/** Returns the regular expressions that stand as literals in the text of a TypeScript file. */
export const literalsIn = (text: string): Literal[] =>
  [...text.matchAll(PIECES)].flatMap(({ groups }) =>
    groups?.['source'] === undefined ? [] : [{ source: groups['source'], flags: groups['flags'] ?? '' }],
  );
