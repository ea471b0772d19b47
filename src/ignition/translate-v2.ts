/**
 * Spec 2.4 to 3.1 as Flatcar's Ignition does it for every config of spec 2 (its patches on 2.26.0, with ign-converter): what
 * 3.1 has no word for is refused, never dropped. Filesystems other than root are still to come. No I/O.
 */
import { err, ok, type Result } from '../shared/result.ts';
import { cleanPath } from './clean-path.ts';
import type { Path } from './report.ts';
import type { ConfigV2 } from './spec/v2.ts';
import type { ConfigV3, StorageV3 } from './spec/v3.ts';

export interface Untranslatable {
  readonly path: Path;
  readonly message: string;
}

type StorageV2 = NonNullable<ConfigV2['storage']>;
type FileV2 = NonNullable<StorageV2['files']>[number];
type UserV2 = NonNullable<NonNullable<ConfigV2['passwd']>['users']>[number];
type UnitV2 = NonNullable<NonNullable<ConfigV2['systemd']>['units']>[number];
type UnitV3 = NonNullable<NonNullable<ConfigV3['systemd']>['units']>[number];

const NETWORK_UNITS = '/etc/systemd/network';
const UNIT_MODE = 0o644;
/** What RFC 2396 lets stand in a data URL. */
const URL_CHARACTER = /[A-Za-z0-9\-_.!~*'();/?:@&=+$,]/;

/** The same config in spec 3.1, or everything that stands in the way. */
export function translateV2(config: ConfigV2): Result<ConfigV3, readonly Untranslatable[]> {
  const faults = findUntranslatable(config);
  if (faults.length > 0) return err(faults);
  const { storage, systemd, passwd } = config;
  const files = [...(storage?.files ?? []).map(translateFile), ...networkFiles(config)];
  return ok({
    ignition: translateEngine(config.ignition),
    ...(passwd && { passwd: translatePasswd(passwd) }),
    ...((storage || files.length > 0) && { storage: translateStorage(storage, files) }),
    ...(systemd?.units && { systemd: { units: translateUnits(systemd.units) } }),
  });
}

function translateEngine({ config, timeouts, security, proxy }: ConfigV2['ignition']): ConfigV3['ignition'] {
  return {
    version: '3.1.0',
    ...(config && {
      config: { ...(config.append && { merge: config.append }), ...(config.replace && { replace: config.replace }) },
    }),
    ...(timeouts && { timeouts }),
    ...(security && { security }),
    ...(proxy && {
      proxy: { httpProxy: text(proxy.httpProxy), httpsProxy: text(proxy.httpsProxy), noProxy: proxy.noProxy },
    }),
  };
}

/** 2.x overwrote by default, so 3.1 has to say so; an appended file never overwrites. */
function translateFile({
  path,
  user,
  group,
  mode,
  contents,
  append,
  overwrite,
}: FileV2): NonNullable<StorageV3['files']>[number] {
  const resource = {
    source: contents?.source ?? '',
    compression: text(contents?.compression),
    verification: contents?.verification,
    httpHeaders: contents?.httpHeaders,
  };
  const node = { path, user: translateOwner(user), group: translateOwner(group), mode };
  if (append === true) return { ...node, overwrite: false, append: [resource] };
  return { ...node, overwrite: overwrite ?? true, contents: resource };
}

const translateOwner = (owner: FileV2['user']) => owner && { id: owner.id, name: text(owner.name) };

function translateStorage(storage: StorageV2 | undefined, files: NonNullable<StorageV3['files']>): StorageV3 {
  const node = <T extends { filesystem: string; user?: FileV2['user']; group?: FileV2['group'] }>({
    filesystem: _root,
    user,
    group,
    ...rest
  }: T) => ({
    ...rest,
    user: translateOwner(user),
    group: translateOwner(group),
  });
  return {
    ...(files.length > 0 && { files }),
    ...(storage?.directories && { directories: storage.directories.map(node) }),
    ...(storage?.links && { links: storage.links.map((link) => ({ ...node(link), hard: flag(link.hard) })) }),
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

/** networkd units are files in 3.x. */
function networkFiles({ networkd }: ConfigV2): NonNullable<StorageV3['files']> {
  const file = (path: string, contents: string) => ({
    path,
    mode: UNIT_MODE,
    overwrite: true,
    contents: { source: `data:,${escapeData(contents)}` },
  });
  return (networkd?.units ?? []).flatMap(({ name, contents, dropins = [] }) => [
    ...(contents === '' ? [] : [file(`${NETWORK_UNITS}/${name}`, contents)]),
    ...dropins.map((dropin) => file(`${NETWORK_UNITS}/${name}.d/${dropin.name}`, dropin.contents)),
  ]);
}

/** Units of one name become one: its drop-ins joined, `enabled: false` before everything else. */
function translateUnits(units: readonly UnitV2[]): UnitV3[] {
  const merged = new Map<string, UnitV3>();
  for (const { name, enable, enabled, mask, contents, dropins = [] } of units) {
    const before = merged.get(name);
    const isEnabled = enabled ?? (enable === true ? true : undefined);
    const own = dropins.map((dropin) => ({ name: dropin.name, contents: text(dropin.contents) }));
    const joined = [...(before?.dropins ?? []), ...own];
    merged.set(name, {
      name,
      enabled: before?.enabled === false ? false : (isEnabled ?? before?.enabled),
      mask: flag(mask) ?? before?.mask,
      contents: text(contents) ?? before?.contents,
      ...(joined.length > 0 && { dropins: joined }),
    });
  }
  return [...merged.values()];
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

/** The deprecated `create` says of a user what the user's own fields say since 2.1. */
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

function findUntranslatable({ storage, systemd }: ConfigV2): Untranslatable[] {
  const faults: Untranslatable[] = [];
  for (const [index, disk] of (storage?.disks ?? []).entries()) {
    for (const [number, { start, size }] of (disk.partitions ?? []).entries()) {
      const path = ['storage', 'disks', index, 'partitions', number];
      if ((start ?? 0) !== 0 || (size ?? 0) !== 0)
        faults.push({ path, message: 'starts and sizes in sectors cannot be translated to spec 3' });
    }
  }
  if ((storage?.filesystems ?? []).length > 0) {
    faults.push({
      path: ['storage', 'filesystems'],
      message: 'filesystems of spec 2 are not translated to spec 3 yet',
    });
  }
  const links = new Set((storage?.links ?? []).map(({ path }) => cleanPath(path)));
  const seen = new Set<string>();
  for (const name of ['files', 'directories', 'links'] as const) {
    for (const [index, node] of (storage?.[name] ?? []).entries()) {
      const path = cleanPath(node.path);
      const where = ['storage', name, index];
      if (seen.has(path)) faults.push({ path: where, message: `${path} stands twice, which spec 3 does not allow` });
      if ([...links].some((link) => path.startsWith(`${link}/`)))
        faults.push({ path: where, message: `${path} lies below a link of this config` });
      seen.add(path);
    }
  }
  const dropins = new Set<string>();
  for (const [index, unit] of (systemd?.units ?? []).entries()) {
    for (const [number, { name }] of (unit.dropins ?? []).entries()) {
      const key = `${unit.name}.d/${name}`;
      if (dropins.has(key))
        faults.push({ path: ['systemd', 'units', index, 'dropins', number], message: `${key} stands twice` });
      dropins.add(key);
    }
  }
  return faults;
}

const text = (value: string | undefined): string | undefined => (value === '' ? undefined : value);
const flag = (value: boolean | undefined): boolean | undefined => (value === true ? true : undefined);

const escapeData = (contents: string): string =>
  [...new TextEncoder().encode(contents)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return byte < 128 && URL_CHARACTER.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
