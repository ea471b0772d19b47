/** The platform of tests in plain Node: the real one, and work that goes on after an answer is left to itself. */
import { type Platform, systemPlatform } from '../../src/shared/platform.ts';

export const nodePlatform: Platform = {
  ...systemPlatform,
  waitUntil: (work) => void work.catch(() => undefined),
};
