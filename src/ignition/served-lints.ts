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
  const root = placesOf(storage);
  return [...belowFiles(storage, root), ...ignoredByNetworkd(storage), ...sysextsToNowhere(storage, root)];
}

/** A name in the paths of a config, and what stands there. */
interface Place {
  readonly inside: Map<string, Place>;
  isFile: boolean;
  /** A link leads elsewhere, and a file system may hold more than the config tells. */
  leadsOn: boolean;
}

const newPlace = (): Place => ({ inside: new Map(), isFile: false, leadsOn: false });

/** Returns all paths of a config as a tree, so that each is looked up in its own length. */
function placesOf(storage: Fields): Place {
  const root = newPlace();
  for (const kind of ['files', 'directories', 'links', 'filesystems'])
    for (const path of pathsOf(storage, kind).filter((known) => known !== '')) {
      let place = root;
      for (const name of partsOf(path)) {
        const next = place.inside.get(name) ?? newPlace();
        place.inside.set(name, next);
        place = next;
      }
      if (kind === 'files') place.isFile = true;
      if (kind === 'links' || kind === 'filesystems') place.leadsOn = true;
    }
  return root;
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');

/** A node below a file cannot be made: Ignition fails at boot, and only there. */
function belowFiles(storage: Fields, root: Place): Entry[] {
  const found: Entry[] = [];
  for (const kind of ['files', 'directories', 'links'])
    for (const [index, path] of pathsOf(storage, kind).entries()) {
      const parts = partsOf(path);
      let place: Place | undefined = root;
      let depth = 0;
      while (place !== undefined && !place.isFile && depth < parts.length) {
        place = place.inside.get(parts[depth] ?? '');
        depth += 1;
      }
      if (place?.isFile !== true || depth === parts.length) continue;
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

/** A system extension is a direct child of the directory (systemd-sysext(8)): an image, or a directory. */
function sysextsToNowhere(storage: Fields, root: Place): Entry[] {
  const found: Entry[] = [];
  for (const [index, { path, target }] of listOf(storage, 'links').entries()) {
    if (typeof path !== 'string' || typeof target !== 'string' || target.length > MOST_PATH) continue;
    const isExtension = path.startsWith(SYSEXTS) && !path.slice(SYSEXTS.length).includes('/');
    const absolute = resolved(target.startsWith('/') ? target : `${SYSEXTS}${target}`);
    const isOfImage = OF_THE_IMAGE.some((prefix) => absolute.startsWith(prefix));
    if (!isExtension || isOfImage || mayBeThere(root, absolute)) continue;
    found.push(
      warning(`storage.links.${index}.target`, `points to ${short(absolute)}, which nothing in this config makes`),
    );
    if (found.length >= MOST) return found;
  }
  return found;
}

/** True for a path that the config makes, as a node or above one, and for one that a link or a file system leads to. */
function mayBeThere(root: Place, path: string): boolean {
  let place = root;
  for (const name of partsOf(path)) {
    const next = place.inside.get(name);
    if (next === undefined) return place.leadsOn;
    place = next;
    if (place.leadsOn) return true;
  }
  return true;
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
