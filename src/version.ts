/** The version of this software, which package.json says. A named import brings nothing else of that file into the bundle. */
import { version } from '../package.json';

export const VERSION = version;
