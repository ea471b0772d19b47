/** Several slashes in a path are one. No I/O. */

/** Returns the path with one slash wherever there are several: a base URL that ends in a slash makes two. */
export const oneSlash = (path: string): string => path.replace(/\/{2,}/g, '/');
