/** Waits that need not last in a test. */
import { type Platform, systemPlatform } from '../../src/shared/platform.ts';

type Waits = Pick<Platform, 'timer'>;

/** Longer than any pause between two attempts, shorter than any limit on how long somebody waits for an answer. */
const LONGEST_PAUSE_MS = 2_000;

/** Pauses between attempts are nearly over as they begin; limits stay what they are, for a slow machine must not meet them. */
export const shortPauses: Waits = {
  timer: (milliseconds) => systemPlatform.timer(milliseconds < LONGEST_PAUSE_MS ? milliseconds / 50 : milliseconds),
};

/** Every wait, so many times as fast: for what only a limit ends. */
export const hurried = (times: number): Waits => ({
  timer: (milliseconds) => systemPlatform.timer(milliseconds / times),
});
