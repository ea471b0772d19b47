/** Text that is nearly what a parser expects: its own words, with noise between. */
import fc from 'fast-check';

export interface Fuzzed {
  readonly name: string;
  readonly property: fc.IAsyncProperty<[unknown]> | fc.IProperty<[unknown]>;
}

/** A parser held to what `check` says of every input that `inputs` makes. */
export function fuzzed<T>(name: string, inputs: fc.Arbitrary<T>, check: (input: T) => void | Promise<void>): Fuzzed {
  return {
    name,
    property: fc.asyncProperty(inputs, async (input) => await check(input)) as unknown as fc.IAsyncProperty<[unknown]>,
  };
}

/** Half of it is ASCII, of which syntax is made. fast-check's own unit of this kind first makes tables of all code points. */
const codePoint = fc
  .oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code));

/** Text of any code points, halves of surrogate pairs too. */
export const anyText = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: codePoint, maxLength });

/** Words of `dictionary` and noise in any order, up to `most` of them. */
export const nearText = (dictionary: readonly string[], most = 12): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...dictionary) },
        { weight: 2, arbitrary: fc.string({ maxLength: 6 }) },
        { weight: 1, arbitrary: anyText(4) },
        { weight: 2, arbitrary: fc.nat(99_999).map(String) },
      ),
      { maxLength: most },
    )
    .map((words) => words.join(''));

/** `text` with some of its characters struck out, doubled or replaced. */
export const mutated = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      texts,
      fc.array(
        fc.tuple(
          fc.nat(),
          fc.constantFrom('cut', 'double', 'replace', 'truncate'),
          fc.string({ minLength: 1, maxLength: 1 }),
        ),
        {
          maxLength: 3,
        },
      ),
    )
    .map(([text, changes]) =>
      changes.reduce((current, [where, how, character]) => {
        if (current === '') return character;
        const at = where % current.length;
        if (how === 'cut') return current.slice(0, at) + current.slice(at + 1);
        if (how === 'double') return current.slice(0, at) + current.slice(at, at + 9) + current.slice(at);
        if (how === 'truncate') return current.slice(0, at);
        return current.slice(0, at) + character + current.slice(at + 1);
      }, text),
    );
