/** Where Chromium is: Debian's, or the one that CHROMIUM names. */
import { existsSync } from 'node:fs';

const KNOWN = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Returns the path of a Chromium, or `undefined` where none is installed. */
export const chromiumPath = (): string | undefined =>
  [process.env['CHROMIUM'] ?? '', ...KNOWN].find((path) => path !== '' && existsSync(path));
