/** The functions of Go's package `path`. They look at the text alone and know no file system. No I/O. */

/** A path without any of these is clean already. Most paths are, so this test saves time. */
const DIRTY = /\/\/|\/\.|\/$/;

/** Returns the shortest equivalent path as Go's `path.Clean` does, and `.` for an empty path. */
export function cleanPath(path: string): string {
  const isRooted = path.startsWith('/');
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.length > 0 && segments.at(-1) !== '..') segments.pop();
    else if (!isRooted) segments.push('..');
  }
  const joined = segments.join('/');
  return isRooted ? `/${joined}` : joined || '.';
}

/** Returns a message when a path is not absolute or not clean; `undefined` otherwise. */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'path not specified';
  if (!path.startsWith('/')) return 'path not absolute';
  return !DIRTY.test(path) || cleanPath(path) === path ? undefined : 'path is not fully simplified';
}

/** Joins a directory and a name as Go's `path.Join` does. */
export const joinPath = (directory: string, name: string): string => cleanPath(`${directory}/${name}`);
