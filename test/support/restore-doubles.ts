/** Files of tests in Node share their process: what one has put in place of something real does not stay for the next. */
import { afterAll, vi } from 'vitest';

afterAll(() => {
  vi.restoreAllMocks();
});
