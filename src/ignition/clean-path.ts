/** Paths as Go's package `path` sees them: byte for byte, no knowledge of any file system. No I/O. */

/** A path without any of these is clean already; most are. */
const DIRTY = /\/\/|\/\.|\/$/;

/** `path.Clean`: the shortest path of the same meaning by text alone; `.` for nothing. */
export function cleanPath(path: string): string {
  const isRooted = path.startsWith('/');
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!isRooted) kept.push('..');
  }
  const joined = kept.join('/');
  return isRooted ? `/${joined}` : joined || '.';
}

/** What is wrong with a path that must be absolute and clean, or `undefined`. */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'path not specified';
  if (!path.startsWith('/')) return 'path not absolute';
  return !DIRTY.test(path) || cleanPath(path) === path ? undefined : 'path is not fully simplified';
}

/** `path.Join` of a directory and a name. */
export const joinPath = (directory: string, name: string): string => cleanPath(`${directory}/${name}`);
