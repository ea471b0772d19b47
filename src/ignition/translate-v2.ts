/**
 * Translates spec 2.4 to 3.1, as Flatcar's Ignition does for every config of spec 1 and 2 (its patches on 2.26.0, with
 * ign-converter). A config that 3.1 cannot express is refused; nothing is dropped. The result must be valid spec 3.1.
 * No I/O.
 */
import type * as z from 'zod';
import { err, ok, type Result } from '../shared/result.ts';
import { cleanPath, joinPath } from './clean-path.ts';
import { mergeConfigs } from './merge.ts';
import { type Mounts, mountsOf } from './mounts-v2.ts';
import { type Path, pathText } from './report.ts';
import type { ConfigV2 } from './spec/v2.ts';
import { type ConfigV3, SCHEMAS_V3, type StorageV3 } from './spec/v3.ts';
import { findUntranslatable } from './untranslatable.ts';
import { pathDataUrl } from './urls/data-url.ts';
import { validateV3 } from './validate-v3.ts';

type StorageV2 = NonNullable<ConfigV2['storage']>;
type FileV2 = NonNullable<StorageV2['files']>[number];
type NodeV2 = Pick<FileV2, 'filesystem' | 'path' | 'user' | 'group'>;
type FilesystemV2 = NonNullable<StorageV2['filesystems']>[number];
type HeadersV2 = NonNullable<FileV2['contents']>['httpHeaders'];
type ReferenceV2 = NonNullable<NonNullable<ConfigV2['ignition']['config']>['replace']>;
type UserV2 = NonNullable<NonNullable<ConfigV2['passwd']>['users']>[number];
type UnitV2 = NonNullable<NonNullable<ConfigV2['systemd']>['units']>[number];
type UnitV3 = NonNullable<NonNullable<ConfigV3['systemd']>['units']>[number];

const MINOR = 1;
const NETWORK_UNITS = '/etc/systemd/network';
const UNIT_MODE = 0o644;
/** A report shows no more entries. */
const MOST_FAULTS = 1001;

export interface Untranslatable {
  /** The path in the spec 2 config. */
  readonly path: Path;
  readonly message: string;
}

export interface Translated {
  readonly config: ConfigV3;
  /** The number of mount paths that were invented so far, including those of earlier configs. */
  readonly counted: number;
}

/**
 * Returns the same config in spec 3.1, or everything that spec 3.1 cannot express. `counted` is the number of mount
 * paths that were invented for earlier configs.
 */
export function translateV2(config: ConfigV2, counted = 0): Result<Translated, readonly Untranslatable[]> {
  const mounts = mountsOf(config, counted);
  const faults: Untranslatable[] = [];
  const ignore = () => undefined;
  const note = (path: Path, message: string) => {
    if (faults.length < MOST_FAULTS) faults.push({ path, message });
  };
  findUntranslatable(config, mounts, { warn: ignore, error: note });
  if (faults.length > 0) return err(faults);
  const translated = configV3(config, mounts);
  validateV3(translated, MINOR, {
    warn: ignore,
    error: (path, message) => {
      if (faults.length >= MOST_FAULTS) return;
      note(pathInV2(path, config, translated), `translated to spec 3.${MINOR}: ${pathText(path)}: ${message}`);
    },
  });
  return faults.length > 0 ? err(faults) : ok({ config: translated, counted: mounts.counted });
}

/** Returns where the value at a path of the translated config was written. What it was made of alone has no own path. */
function pathInV2(path: Path, { storage, systemd }: ConfigV2, translated: ConfigV3): Path {
  const [section, list, index, ...rest] = path;
  if (typeof index !== 'number') return path;
  if (section === 'systemd') {
    const name = translated.systemd?.units?.[index]?.name;
    return [section, list ?? '', (systemd?.units ?? []).findIndex((unit) => unit.name === name), ...rest];
  }
  if (section === 'storage' && list === 'filesystems') return [section, list, index, 'mount', ...rest];
  const isNetworkFile = section === 'storage' && list === 'files' && index >= (storage?.files ?? []).length;
  return isNetworkFile ? ['networkd', 'units'] : path;
}

function configV3(config: ConfigV2, mounts: Mounts): ConfigV3 {
  const { storage, systemd, passwd } = config;
  const files = [...(storage?.files ?? []).map((file) => translateFile(file, mounts)), ...networkFiles(config)];
  return {
    ignition: translateEngine(config.ignition),
    ...(passwd && { passwd: translatePasswd(passwd) }),
    ...((storage || files.length > 0) && { storage: translateStorage(storage, files, mounts) }),
    ...(systemd?.units && { systemd: { units: translateUnits(systemd.units) } }),
  };
}

function translateEngine({ config, timeouts, security, proxy }: ConfigV2['ignition']): ConfigV3['ignition'] {
  return {
    version: '3.1.0',
    ...(config && {
      config: {
        ...(config.append && { merge: config.append.map(translateReference) }),
        ...(config.replace && { replace: translateReference(config.replace) }),
      },
    }),
    ...(timeouts && { timeouts }),
    ...(security && {
      security: {
        tls: { certificateAuthorities: security.tls?.certificateAuthorities?.map(translateReference) },
      },
    }),
    ...(proxy && {
      proxy: { httpProxy: text(proxy.httpProxy), httpsProxy: text(proxy.httpsProxy), noProxy: proxy.noProxy },
    }),
  };
}

const translateReference = ({ source, verification, httpHeaders }: ReferenceV2) => ({
  source,
  verification,
  httpHeaders: translateHeaders(httpHeaders),
});

const translateHeaders = (headers: HeadersV2) => headers?.map(({ name, value }) => ({ name, value: text(value) }));

/** Spec 2 overwrites a file by default and spec 3 does not, so the translation says it. Appending never overwrites. */
function translateFile(file: FileV2, mounts: Mounts): NonNullable<StorageV3['files']>[number] {
  const { contents, mode, append, overwrite } = file;
  const resource = {
    source: contents?.source ?? '',
    compression: text(contents?.compression),
    verification: contents?.verification,
    httpHeaders: translateHeaders(contents?.httpHeaders),
  };
  const node = { ...translateNode(file, mounts), mode };
  if (append === true) return { ...node, overwrite: false, append: [resource] };
  return { ...node, overwrite: overwrite ?? true, contents: resource };
}

const translateNode = ({ filesystem, path, user, group }: NodeV2, mounts: Mounts) => ({
  path: joinPath(mounts.paths.get(filesystem) ?? '', path),
  user: translateOwner(user),
  group: translateOwner(group),
});

/**
 * Flatcar's OEM partition is btrfs today. An older config may say ext4, so the format is replaced unless it is wiped.
 */
function translateFilesystem({ name, mount }: FilesystemV2, mounts: Mounts) {
  const { device = '', format = '', label, uuid, wipeFilesystem, options = [], create } = mount ?? {};
  const wipe = create === undefined ? flag(wipeFilesystem) : flag(create.force);
  return {
    device,
    format: text(name.toLowerCase() === 'oem' && wipe !== true ? 'btrfs' : format),
    wipeFilesystem: wipe,
    label,
    uuid,
    options: [...options, ...(create?.options ?? [])],
    path: text(mounts.paths.get(name)),
  };
}

const translateOwner = (owner: FileV2['user']) => owner && { id: owner.id, name: text(owner.name) };

function translateStorage(
  storage: StorageV2 | undefined,
  files: NonNullable<StorageV3['files']>,
  mounts: Mounts,
): StorageV3 {
  const filesystems = (storage?.filesystems ?? []).filter(({ name }) => name !== 'root');
  return {
    ...(files.length > 0 && { files }),
    ...(storage?.directories && {
      directories: storage.directories.map((directory) => ({
        ...translateNode(directory, mounts),
        mode: directory.mode,
        overwrite: directory.overwrite,
      })),
    }),
    ...(storage?.links && {
      links: storage.links.map((link) => ({
        ...translateNode(link, mounts),
        target: link.target,
        hard: flag(link.hard),
        overwrite: link.overwrite,
      })),
    }),
    ...(filesystems.length > 0 && {
      filesystems: filesystems.map((filesystem) => translateFilesystem(filesystem, mounts)),
    }),
    ...(storage?.raid && {
      raid: storage.raid.map((raid) => ({ ...raid, spares: raid.spares === 0 ? undefined : raid.spares })),
    }),
    ...(storage?.disks && {
      disks: storage.disks.map(({ device, wipeTable, partitions }) => ({
        device,
        wipeTable: flag(wipeTable),
        partitions: partitions?.map(
          ({ start: _start, size: _size, guid, typeGuid, wipePartitionEntry, ...partition }) => ({
            ...partition,
            guid: text(guid),
            typeGuid: text(typeGuid),
            wipePartitionEntry: flag(wipePartitionEntry),
          }),
        ),
      })),
    }),
  };
}

/** Spec 3 has no networkd units, so each unit becomes a file. */
function networkFiles({ networkd }: ConfigV2): NonNullable<StorageV3['files']> {
  const file = (path: string, contents: string) => ({
    path: cleanPath(path),
    mode: UNIT_MODE,
    overwrite: true,
    contents: { source: pathDataUrl(contents) },
  });
  return (networkd?.units ?? []).flatMap(({ name, contents, dropins = [] }) => [
    ...(contents === '' ? [] : [file(`${NETWORK_UNITS}/${name}`, contents)]),
    ...dropins.map((dropin) => file(`${NETWORK_UNITS}/${name}.d/${dropin.name}`, dropin.contents)),
  ]);
}

/** Merges units of the same name into one by the rules of spec 3, because spec 3 does not allow a name twice. */
function translateUnits(units: readonly UnitV2[]): UnitV3[] {
  const unitsByName = new Map<string, UnitV3[]>();
  for (const unit of units.map(translateUnit)) {
    const sameName = unitsByName.get(unit.name);
    if (sameName === undefined) unitsByName.set(unit.name, [unit]);
    else sameName.push(unit);
  }
  return [...unitsByName.values()].map(mergeUnits);
}

/** Translates a unit. `enabled` wins over the deprecated `enable`. */
function translateUnit({ name, enable, enabled, mask, contents, dropins }: UnitV2): UnitV3 {
  return {
    name,
    enabled: enabled ?? (enable === true ? true : undefined),
    mask: flag(mask),
    contents: text(contents),
    dropins: dropins?.map((dropin) => ({ name: dropin.name, contents: text(dropin.contents) })),
  };
}

/** Merges the two halves of the list. One after the other would take quadratic time for 100,000 units of one name. */
function mergeUnits(units: readonly UnitV3[]): UnitV3 {
  const [only] = units;
  if (only === undefined) throw new Error('no unit to merge');
  if (units.length === 1) return only;
  const middle = units.length >> 1;
  const [parent, child] = [mergeUnits(units.slice(0, middle)), mergeUnits(units.slice(middle))];
  const configOf = (unit: UnitV3): ConfigV3 => ({ ignition: { version: '3.1.0' }, systemd: { units: [unit] } });
  const schema = SCHEMAS_V3[MINOR] as unknown as z.ZodType<ConfigV3>;
  const { config } = mergeConfigs(schema, configOf(parent), configOf(child));
  return config.systemd?.units?.[0] ?? child;
}

function translatePasswd({ users, groups }: NonNullable<ConfigV2['passwd']>): NonNullable<ConfigV3['passwd']> {
  return {
    ...(users && { users: users.map(translateUser) }),
    ...(groups && {
      groups: groups.map(({ name, gid, passwordHash, system }) => ({
        name,
        gid,
        passwordHash: text(passwordHash),
        system: flag(system),
      })),
    }),
  };
}

/** Translates a user. The deprecated `create` has the fields that the user itself has since 2.1. */
function translateUser({ name, passwordHash, sshAuthorizedKeys, create, ...own }: UserV2) {
  const account = create ?? own;
  return {
    name,
    passwordHash,
    sshAuthorizedKeys,
    uid: account.uid,
    gecos: text(account.gecos),
    homeDir: text(account.homeDir),
    noCreateHome: flag(account.noCreateHome),
    primaryGroup: text(account.primaryGroup),
    groups: account.groups,
    noUserGroup: flag(account.noUserGroup),
    noLogInit: flag(account.noLogInit),
    shell: text(account.shell),
    system: flag(account.system),
  };
}

const text = (value: string | undefined): string | undefined => (value === '' ? undefined : value);
const flag = (value: boolean | undefined): boolean | undefined => (value === true ? true : undefined);
