/**
 * Upgrades spec 1 to 2.0, and 2.x to 2.4, as the parsers of flatcar/ignition 0.36.2 do before they append or translate
 * to spec 3. A plain value that became nullable stays set, such as mode 0 or owner 0 of a file in 2.0. No I/O.
 */

import { completed } from './decode.ts';
import type { Path } from './report.ts';
import type { ConfigV1 } from './spec/v1.ts';
import { type ConfigV2, NEWEST_V2, schemasV2 } from './spec/v2.ts';
import { plainDataUrl } from './urls/data-url.ts';

const VERSION = `2.${NEWEST_V2}.0`;

/** Returns the same config at 2.4.0. `decoded` is a config that was decoded with the schema of 2.`minor`. */
export function upgradeV2(decoded: unknown, minor: number): ConfigV2 {
  const config = completed(schemasV2()[NEWEST_V2], decoded) as ConfigV2;
  const upgraded = { ...config, ignition: { ...config.ignition, version: VERSION } };
  const users = minor === 0 ? config.passwd?.users : undefined;
  if (users === undefined) return upgraded;
  // In 2.0 an empty password hash means that there is none. Later it is a hash that matches no password.
  const withHashes = users.map(({ passwordHash, ...user }) => (passwordHash ? { ...user, passwordHash } : user));
  return { ...upgraded, passwd: { ...config.passwd, users: withHashes } };
}

/** Returns a spec 1 config at 2.4.0. Each filesystem gets a name, by which its files refer to it. */
export function upgradeV1({ storage, systemd, networkd, passwd }: ConfigV1): ConfigV2 {
  const filesystems = storage?.filesystems ?? [];
  const decoded = {
    ignition: {},
    ...(storage && {
      storage: {
        ...storage,
        filesystems: filesystems.map(({ device, format, create }, index) => ({
          name: nameOf(index),
          mount: { device, format, create },
        })),
        files: filesystems.flatMap(({ files = [] }, index) =>
          files.map(({ path, contents, mode, uid, gid }) => ({
            filesystem: nameOf(index),
            path,
            mode,
            user: { id: uid },
            group: { id: gid },
            contents: { source: plainDataUrl(contents) },
          })),
        ),
      },
    }),
    ...(systemd && { systemd }),
    ...(networkd && { networkd }),
    ...(passwd && { passwd }),
  };
  return upgradeV2(decoded, 0);
}

/** Returns a function that maps a path of the upgraded config to its path in the spec 1 config. */
export function pathsInV1({ storage }: ConfigV1): (path: Path) => Path {
  const filePaths = (storage?.filesystems ?? []).flatMap(({ files = [] }, filesystem) =>
    files.map((_, file) => ['filesystems', filesystem, 'files', file]),
  );
  return (path) => {
    const [top, list, index, ...rest] = path;
    if (top !== 'storage' || typeof index !== 'number') return path;
    if (list === 'filesystems') return [top, list, index, ...(rest[0] === 'mount' ? rest.slice(1) : rest)];
    return list === 'files' ? [top, ...(filePaths[index] ?? []), ...rest.slice(0, 1)] : path;
  };
}

const nameOf = (index: number): string => `_translate-filesystem-${index}`;
