/** A thousand cases a parser; `npm run fuzz` tries a hundred thousand. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { parsers } from './parsers.ts';

const CASES = Number(process.env['FUZZ_CASES'] ?? 1000);

describe('every parser', () => {
  it.each(parsers.map(({ name, property }) => [name, property] as const))(
    '%s',
    async (_name, property) => {
      await fc.assert(property, { numRuns: CASES });
    },
    CASES * 60,
  );
});
