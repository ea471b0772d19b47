/** Files of tests in Node share their process: what one has put in place of something real does not stay for the next. */
import { afterAll, vi } from 'vitest';

afterAll(() => {
  vi.restoreAllMocks();
  // What stands in front of Web Crypto's methods stands there as properties of its own; it has none by itself.
  for (const name of Object.getOwnPropertyNames(crypto.subtle)) Reflect.deleteProperty(crypto.subtle, name);
});
