/** The release of this software; package.json carries the same, which a test checks. */
export const VERSION = '0.1.0';
