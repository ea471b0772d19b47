/** The readers of lists: as many elements as the text has characters. */
import { compose } from '../../src/ignition/compose.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import type { Reader } from './growth.ts';

const many = (text: string, item: (index: number) => object) =>
  Array.from({ length: text.length }, (_, at) => item(at));

/** A config of spec 3 with lists of that many elements, alone and merged with itself. */
const list = (name: string, made: (text: string) => object, version = '3.4.0'): Reader => ({
  name: `list: ${name}`,
  read: (text) => {
    const config = JSON.stringify({ ignition: { version }, ...made(text) });
    parseConfig(config);
    compose({ base: config, user: config }, 'ignition');
  },
  atoms: ['x'],
  least: 1024,
  most: 16 * 1024,
});

const storage = (kind: string, item: (index: number) => object) => (text: string) => ({
  storage: { [kind]: many(text, item) },
});
const units = (item: (index: number) => object) => (text: string) => ({ systemd: { units: many(text, item) } });

export const listReaders: readonly Reader[] = [
  list(
    'files',
    storage('files', (at) => ({ path: `/f/${at}` })),
  ),
  list(
    'files of one path',
    storage('files', () => ({ path: '/f' })),
  ),
  list(
    'files with a wrong path',
    storage('files', (at) => ({ path: `f${at}` })),
  ),
  list('files below links of one path', (text) => ({
    storage: {
      files: many(text, (at) => ({ path: `/l/${at}` })),
      links: many(text, () => ({ path: '/l', target: '/t' })),
    },
  })),
  list('files beside links of every length', (text) => {
    // As many different lengths as a text of this size can hold.
    const lengths = Math.floor(Math.sqrt(text.length * 40));
    return {
      storage: {
        files: many(text, (at) => ({ path: `/f/${at}` })),
        links: Array.from({ length: lengths }, (_, at) => ({ path: `/${'l'.repeat(at)}`, target: '/t' })),
      },
    };
  }),
  list('a path through nested links', (text) => {
    const depth = Math.floor(Math.sqrt(text.length * 10));
    return {
      storage: {
        links: Array.from({ length: depth }, (_, at) => ({ path: '/a'.repeat(at + 1), target: '/t' })),
        files: many(text.slice(0, depth), (at) => ({ path: `${'/a'.repeat(depth)}/${at}` })),
      },
    };
  }),
  list('hard links to a directory that is there often', (text) => ({
    storage: {
      directories: many(text, () => ({ path: '/d' })),
      links: many(text, (at) => ({ path: `/l/${at}`, target: '/d', hard: true })),
    },
  })),
  list('partitions', (text) => ({
    storage: {
      disks: [{ device: '/d', partitions: many(text, (at) => ({ number: at + 1, startMiB: 1, sizeMiB: 5 })) }],
    },
  })),
  list('disks and file systems', (text) => ({
    storage: {
      disks: many(text, (at) => ({ device: `/d${at}` })),
      filesystems: many(text, (at) => ({ device: `/d${at}` })),
    },
  })),
  list(
    'arrays',
    storage('raid', (at) => ({ name: `r${at}`, level: 'raid1', devices: ['/a'] })),
  ),
  list(
    'encrypted devices',
    storage('luks', (at) => ({ name: `r${at}`, device: `/a${at}` })),
  ),
  list(
    'units',
    units((at) => ({ name: `a${at}.service`, enabled: true, contents: '[A]\nb=c\n' })),
  ),
  list(
    'instances',
    units((at) => ({ name: at === 0 ? 'a@.service' : `a@${at}.service`, enabled: true, contents: '[A]\nb=c' })),
  ),
  list('drop-ins', (text) => ({
    systemd: { units: [{ name: 'a.service', dropins: many(text, (at) => ({ name: `${at}.conf` })) }] },
  })),
  list('users and groups', (text) => ({
    passwd: {
      users: many(text, (at) => ({ name: `u${at}`, groups: ['a'] })),
      groups: many(text, (at) => ({ name: `g${at}` })),
    },
  })),
  list('references', (text) => ({
    ignition: { version: '3.4.0', config: { merge: many(text, () => ({ source: 'http://h' })) } },
  })),
  list('unknown keys', (text) => Object.fromEntries(many(text, (at) => ({ at })).map((_, at) => [`k${at}`, 1]))),
  list(
    'units of one name in spec 2',
    units((at) => ({ name: 'a.service', dropins: [{ name: `${at}.conf` }] })),
    '2.4.0',
  ),
  list(
    'file systems in spec 2',
    (text) => ({
      storage: {
        filesystems: many(text, (at) => ({ name: `f${at}`, path: `/f${at}` })),
        files: many(text, (at) => ({ filesystem: `f${at}`, path: `/${at}`, mode: 420 })),
      },
    }),
    '2.4.0',
  ),
  list(
    'files below links in spec 2',
    (text) => ({
      storage: {
        files: many(text, (at) => ({ filesystem: 'root', path: `/l/${at}`, mode: 420 })),
        links: many(text, () => ({ filesystem: 'root', path: '/l', target: '/t' })),
      },
    }),
    '2.4.0',
  ),
];
