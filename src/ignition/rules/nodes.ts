/** The rules of spec 3 for files, directories and links, and for conflicts between them. No I/O. */
import { cleanPath, joinPath, pathFault } from '../clean-path.ts';
import type { Findings, Path } from '../report.ts';
import type { ConfigV3, StorageV3 } from '../spec/v3.ts';
import { checkResource } from './resources.ts';

type Node = Pick<NonNullable<StorageV3['files']>[number], 'path' | 'user' | 'group'>;
type Link = NonNullable<StorageV3['links']>[number];

const MOST_MODE = 0o7777;
const SPECIAL_BITS = 0o7000;
const SPECIAL_BITS_SINCE = 6;
const TARGET_NEEDED_SINCE = 3;
const UNITS = '/etc/systemd/system';
/** A report shows no more entries, so an element needs no more of one kind. */
const MOST_ALIKE = 1001;

/** Reports the errors and warnings about the files, directories and links of `config` in spec 3.`minor`. */
export function checkNodes(config: ConfigV3, minor: number, report: Findings): void {
  const { files = [], directories = [], links = [] } = config.storage ?? {};
  const linked = linksAbove(
    links.map(({ path }) => path),
    [...files, ...directories].map(({ path }) => path),
  );
  const directoryCounts = countsOf(directories.map(({ path }) => path));
  const isUnitPath = unitPathsOf(config);
  const check = (node: Node, kind: string, path: Path) => {
    checkNode(node, path, report);
    for (let count = Math.min(linked.get(node.path) ?? 0, MOST_ALIKE); count > 0; count -= 1) {
      report.error(path, `${kind} path includes link in config`);
    }
    if (isUnitPath(node.path)) report.error([...path, 'path'], 'path conflicts with systemd unit or dropin');
  };
  for (const [index, directory] of directories.entries()) {
    const path = ['storage', 'directories', index];
    check(directory, 'directory', path);
    checkMode(directory.mode, path, minor, report);
  }
  for (const [index, file] of files.entries()) {
    const path = ['storage', 'files', index];
    check(file, 'file', path);
    checkMode(file.mode, path, minor, report);
    if (file.overwrite === true && file.contents?.source === undefined) {
      report.error([...path, 'overwrite'], 'overwrite must be false if source is unspecified');
    }
    checkResource(file.contents, [...path, 'contents'], minor, report);
    for (const [number, contents] of (file.append ?? []).entries())
      checkResource(contents, [...path, 'append', number], minor, report);
  }
  for (const [index, link] of links.entries()) {
    const path = ['storage', 'links', index];
    check(link, 'link', path);
    checkLink(link, path, minor, directoryCounts, report);
  }
}

function checkNode({ path: nodePath, user, group }: Node, path: Path, report: Findings): void {
  const fault = pathFault(nodePath);
  if (fault !== undefined) report.error([...path, 'path'], fault);
  for (const [name, owner] of [
    ['user', user],
    ['group', group],
  ] as const) {
    const isDouble = owner?.id !== undefined && owner.name !== undefined && owner.name !== '';
    if (isDouble) report.error([...path, name], 'cannot set both id and name');
  }
}

function checkMode(mode: number | undefined, path: Path, minor: number, report: Findings): void {
  if (mode === undefined) return;
  const where = [...path, 'mode'];
  if (mode < 0 || mode > MOST_MODE) report.error(where, 'illegal file mode');
  if (minor < SPECIAL_BITS_SINCE && (mode & SPECIAL_BITS) !== 0) {
    report.warn(where, 'setuid/setgid/sticky bits are not supported in spec versions older than 3.6.0');
  }
}

function checkLink(
  link: Link,
  path: Path,
  minor: number,
  directories: ReadonlyMap<string, number>,
  report: Findings,
): void {
  const { target, hard } = link;
  if (minor >= TARGET_NEEDED_SINCE && (target === undefined || target === '')) {
    report.error([...path, 'target'], 'link target is required');
    return;
  }
  if (hard !== true) return;
  for (const name of ['user', 'group'] as const) {
    for (const field of ['id', 'name'] as const) {
      if (link[name]?.[field] !== undefined) report.warn([...path, name, field], 'owner of a hard link is ignored');
    }
  }
  // Ignition joins a relative target to the path of the link itself.
  const targetPath = target?.startsWith('/') ? cleanPath(target) : joinPath(link.path, target ?? '');
  for (let count = Math.min(directories.get(targetPath) ?? 0, MOST_ALIKE); count > 0; count -= 1) {
    report.error(path, 'hard links to directories are not allowed');
  }
}

/**
 * Returns for each of `paths` how many of `links` lie above it: as Ignition does, it compares text, and a link lies above
 * what begins with its path and a slash. In the order of their text, all that lies below a link follows it, so that one
 * walk finds them.
 */
export function linksAbove(links: readonly string[], paths: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  if (links.length === 0) return counts;
  const linkCounts = countsOf(links.map((path) => `${path}/`));
  const ordered = [...new Set([...links, ...paths].map((path) => `${path}/`))].sort();
  const above: { readonly text: string; readonly count: number }[] = [];
  for (const text of ordered) {
    while (above.length > 0 && !text.startsWith(above.at(-1)?.text ?? '')) above.pop();
    const count = above.at(-1)?.count ?? 0;
    counts.set(text.slice(0, -1), count);
    const own = linkCounts.get(text) ?? 0;
    if (own > 0) above.push({ text, count: count + own });
  }
  return counts;
}

function countsOf(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

/**
 * Returns a function that tells whether Ignition writes a unit or a drop-in with contents to a path. The names are not
 * joined to paths: a long name of a unit would be copied for each of its drop-ins.
 */
function unitPathsOf({ systemd }: ConfigV3): (path: string) => boolean {
  const units = new Set<string>();
  const dropins = new Map<string, Set<string>>();
  for (const { name, contents, dropins: own = [] } of systemd?.units ?? []) {
    if (contents !== undefined && contents !== '') units.add(name);
    const names = dropins.get(name) ?? new Set();
    dropins.set(name, names);
    for (const dropin of own) if (dropin.contents !== undefined && dropin.contents !== '') names.add(dropin.name);
  }
  return (path) => {
    if (!path.startsWith(`${UNITS}/`)) return false;
    const rest = path.slice(UNITS.length + 1);
    if (units.has(rest)) return true;
    // A name may hold `.d/` itself, so each of them may be the end of the unit's name.
    for (let at = rest.indexOf('.d/'); at !== -1; at = rest.indexOf('.d/', at + 1))
      if (dropins.get(rest.slice(0, at))?.has(rest.slice(at + 3)) === true) return true;
    return false;
  };
}
