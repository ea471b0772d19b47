/** A clock that a test moves by hand; everything else of the platform stays real. */
import { systemPlatform } from '../../src/shared/platform.ts';

export function movingClock() {
  let shift = 0;
  return {
    platform: { now: () => systemPlatform.now() + shift },
    advance: (milliseconds: number) => {
      shift += milliseconds;
    },
  };
}
