/**
 * No reader of text from outside does more than linear work, whatever is repeated in the text. `npm run fuzz` also
 * repeats every pair of atoms.
 */
import { describe, expect, it } from 'vitest';
import { growths } from './growth.ts';
import { readers } from './readers.ts';

const isThorough = process.env['FUZZ_CASES'] !== undefined;

describe('twice the text is at most about twice the work', () => {
  it.each(readers.map((reader) => [reader.name, reader] as const))(
    '%s',
    { timeout: 600_000 },
    async (_name, reader) => {
      expect(await growths(reader, isThorough)).toEqual([]);
    },
  );
});
