/** How much is tried: some of the cases in `npm run test:all`, all of those with THOROUGH=1 (`npm run test:thorough`). */

const isThorough = process.env['THOROUGH'] === '1';

/** Returns how many of `all` cases are tried by this run; `some` where it is not thorough. */
export const casesOf = (all: number, some: number): number => (isThorough ? all : some);

/** Returns every case for a thorough run, or else each `step`-th of them, beginning with the one at `offset` (modulo `step`). */
export const sampled = <T>(cases: readonly T[], step: number, offset = 0): readonly T[] =>
  isThorough || cases.length < step ? cases : cases.filter((_, index) => index % step === offset % step);
