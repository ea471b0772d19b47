/** The version of this software. A test checks that package.json has the same one. */
export const VERSION = '0.1.0';
