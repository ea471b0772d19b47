/**
 * Finds what Ignition accepts and what does not work on the machine, in a config that is to be served. These are warnings
 * of this service: neither Ignition nor its reference tools say them. No I/O.
 */
import type { Entry } from './report.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Nobody reads more warnings of one kind. */
const MOST = 100;
const NETWORKD = '/etc/systemd/network/';
const SYSEXTS = '/etc/extensions/';
/** Below these, the image has files of its own. */
const OF_THE_IMAGE = ['/usr/', '/lib/', '/bin/', '/oem/', '/run/', '/dev/'];
/** systemd.network(5), systemd.netdev(5), systemd.link(5). */
const NETWORKD_ENDINGS = ['.network', '.netdev', '.link'];

/** Returns warnings about a config of spec 3 in plain JSON values. The work is linear in the length of its paths. */
export function lint(config: Fields): Entry[] {
  const storage = (config['storage'] ?? {}) as Fields;
  return [...belowFiles(storage), ...ignoredByNetworkd(storage), ...sysextsToNowhere(storage)];
}

/** A directory of the paths of a config. */
interface Folder {
  readonly inside: Map<string, Folder>;
  isFile: boolean;
}

/** A node below a file cannot be made: Ignition fails at boot, and only there. */
function belowFiles(storage: Fields): Entry[] {
  const root: Folder = { inside: new Map(), isFile: false };
  for (const path of pathsOf(storage, 'files').filter((known) => known !== '')) {
    let folder = root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const next: Folder = folder.inside.get(name) ?? { inside: new Map(), isFile: false };
      folder.inside.set(name, next);
      folder = next;
    }
    folder.isFile = true;
  }
  const found: Entry[] = [];
  for (const kind of ['files', 'directories', 'links'])
    for (const [index, path] of pathsOf(storage, kind).entries()) {
      const parts = path.split('/').filter((part) => part !== '');
      let folder: Folder | undefined = root;
      let depth = 0;
      while (folder !== undefined && !folder.isFile && depth < parts.length) {
        folder = folder.inside.get(parts[depth] ?? '');
        depth += 1;
      }
      if (folder?.isFile !== true || depth === parts.length) continue;
      const file = `/${parts.slice(0, depth).join('/')}`;
      found.push(
        warning(`storage.${kind}.${index}.path`, `is below ${short(file)}, which is a file: it cannot be made`),
      );
      if (found.length >= MOST) return found;
    }
  return found;
}

function ignoredByNetworkd(storage: Fields): Entry[] {
  const message = 'systemd-networkd reads only .network, .netdev and .link files and their .d/*.conf here';
  return listOf(storage, 'files')
    .flatMap(({ path }, index) => {
      const name = typeof path === 'string' && path.startsWith(NETWORKD) ? path : undefined;
      return name === undefined || isReadByNetworkd(name) ? [] : [warning(`storage.files.${index}.path`, message)];
    })
    .slice(0, MOST);
}

/** True for the file of a network, and for a drop-in of one. */
function isReadByNetworkd(path: string): boolean {
  const [name = '', folder = ''] = path.split('/').reverse();
  if (NETWORKD_ENDINGS.some((ending) => name.endsWith(ending))) return true;
  return name.endsWith('.conf') && NETWORKD_ENDINGS.some((ending) => folder.endsWith(`${ending}.d`));
}

function sysextsToNowhere(storage: Fields): Entry[] {
  const made = new Set(['files', 'directories', 'links'].flatMap((kind) => pathsOf(storage, kind)));
  return listOf(storage, 'links')
    .flatMap(({ path, target }, index) => {
      if (typeof path !== 'string' || typeof target !== 'string' || !path.startsWith(SYSEXTS)) return [];
      const absolute = resolved(target.startsWith('/') ? target : `${SYSEXTS}${target}`);
      const isThere = made.has(absolute);
      const isOfImage = OF_THE_IMAGE.some((prefix) => absolute.startsWith(prefix));
      const message = `points to ${short(absolute)}, which nothing in this config makes: the extension is not loaded`;
      return isThere || isOfImage ? [] : [warning(`storage.links.${index}.target`, message)];
    })
    .slice(0, MOST);
}

/** Returns an absolute path without `.` and `..`. */
function resolved(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

const listOf = (storage: Fields, kind: string): readonly Fields[] => (storage[kind] ?? []) as Fields[];
/** A longer path cannot be made anyway (PATH_MAX of Linux); as an empty one it is below nothing. */
const MOST_PATH = 4096;
const pathsOf = (storage: Fields, kind: string): string[] =>
  listOf(storage, kind).map(({ path }) => (typeof path === 'string' && path.length <= MOST_PATH ? path : ''));
const short = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}...` : text);
const warning = (path: string, message: string): Entry => ({ severity: 'warning', path, message });
