/**
 * The schemas of specs 2.0 to 2.4 of the Ignition config language, each as a change of its predecessor. Most scalars
 * are plain: an absent value equals zero. Lists have no keys, because they are only appended in spec 2. Sources:
 * doc/configuration-v2_0.md to -v2_4.md of flatcar/ignition 0.36.2. No I/O.
 */
import * as z from 'zod';
import { lazily } from '../../shared/lazily.ts';
import { pointerTo, printedText } from './lists.ts';

/** The schemas by their minor version. They are made for the first config of spec 2: few machines have one. */
export const schemasV2 = lazily(() => {
  const text = z.string();
  /** A text that is written even when it is empty. */
  const key = printedText();
  const int = z.int();
  const bool = z.boolean();
  const maybeText = z.string().optional();
  const maybeInt = z.int().optional();
  const maybeBool = z.boolean().optional();
  const list = <T extends z.ZodType>(element: T) => z.array(element).optional();

  const verification = z.object({ hash: maybeText }).optional();
  const reference0 = z.object({ source: key, verification });
  const headers = list(z.object({ name: key, value: text }));
  const reference4 = reference0.extend({ httpHeaders: headers });
  const contents0 = reference0.extend({ source: text, compression: text });
  const contents4 = contents0.extend({ httpHeaders: headers });

  /** In 2.0 an absent owner means root. */
  const owner0 = z.object({ id: int });
  const owner1 = pointerTo(z.object({ id: maybeInt, name: text }));
  const node0 = z.object({ filesystem: key, path: key, user: owner0, group: owner0 });
  const node1 = node0.extend({ user: owner1, group: owner1 });
  const node2 = node1.extend({ overwrite: maybeBool });
  const file0 = node0.extend({ contents: contents0.optional(), mode: int });
  const file1 = node1.extend({ contents: contents0.optional(), mode: int });
  const file2 = node2.extend({ contents: contents0.optional(), mode: maybeInt, append: bool });
  const file4 = file2.extend({ contents: contents4.optional() });
  const directory1 = node1.extend({ mode: int });
  const directory2 = node2.extend({ mode: maybeInt });
  const link1 = node1.extend({ hard: bool, target: key });
  const link2 = node2.extend({ hard: bool, target: key });

  /** Starts and sizes are counted in sectors of 512 bytes. They are deprecated since 2.3, which counts in MiB. */
  const partition0 = z.object({ label: text, number: int, size: int, start: int, typeGuid: text });
  const partition1 = partition0.extend({ guid: text });
  const partition3 = partition1.extend({
    label: maybeText,
    size: maybeInt,
    start: maybeInt,
    sizeMiB: maybeInt,
    startMiB: maybeInt,
    shouldExist: maybeBool,
    wipePartitionEntry: bool,
  });
  const disks = <T extends z.ZodType>(partition: T) =>
    list(z.object({ device: key, wipeTable: bool, partitions: list(partition) }));
  const raid0 = z.object({ name: key, level: key, devices: list(text), spares: int });
  const raid2 = raid0.extend({ options: list(text) });
  const create = pointerTo(z.object({ force: bool, options: list(text) }));
  const mount0 = z.object({ device: key, format: key, create });
  const mount1 = mount0.extend({ label: maybeText, uuid: maybeText, wipeFilesystem: bool, options: list(text) });
  const filesystems = <T extends z.ZodObject>(mount: T) =>
    list(z.object({ name: text, path: maybeText, mount: pointerTo(mount) }));

  const dropins = list(z.object({ name: key, contents: text }));
  const unit0 = z.object({ name: key, enable: bool, mask: bool, contents: text, dropins });
  const unit1 = unit0.extend({ enabled: maybeBool });
  const units = <T extends z.ZodType>(unit: T) => z.object({ units: list(unit) }).optional();
  const networkdUnit0 = z.object({ name: key, contents: text });
  const networkdUnit2 = networkdUnit0.extend({ dropins });

  const account = {
    uid: maybeInt,
    gecos: text,
    homeDir: text,
    noCreateHome: bool,
    primaryGroup: text,
    groups: list(text),
    noUserGroup: bool,
    noLogInit: bool,
    shell: text,
    system: bool,
  };
  const user0 = z.object({
    name: key,
    passwordHash: text,
    sshAuthorizedKeys: list(text),
    create: pointerTo(z.object(account)),
  });
  const user1 = user0.extend({ passwordHash: maybeText, ...account });
  const group = z.object({ name: key, gid: maybeInt, passwordHash: text, system: bool });
  const passwd = <T extends z.ZodType>(user: T) => z.object({ users: list(user), groups: list(group) }).optional();

  const config = <T extends z.ZodObject>(reference: T) =>
    z.object({ append: list(reference), replace: pointerTo(reference) }).optional();
  const timeouts = z.object({ httpResponseHeaders: maybeInt, httpTotal: maybeInt }).optional();
  const security = <T extends z.ZodType>(reference: T) =>
    z.object({ tls: z.object({ certificateAuthorities: list(reference) }).optional() }).optional();
  const proxy = z.object({ httpProxy: text, httpsProxy: text, noProxy: list(text) }).optional();

  const ignition0 = z.object({ version: text, config: config(reference0) });
  const ignition1 = ignition0.extend({ timeouts });
  const ignition2 = ignition1.extend({ security: security(reference0) });
  const ignition4 = ignition2.extend({ config: config(reference4), security: security(reference4), proxy });

  const storage0 = z.object({
    disks: disks(partition0),
    raid: list(raid0),
    filesystems: filesystems(mount0),
    files: list(file0),
  });
  const storage1 = storage0.extend({
    disks: disks(partition1),
    filesystems: filesystems(mount1),
    files: list(file1),
    directories: list(directory1),
    links: list(link1),
  });
  const storage2 = storage1.extend({
    raid: list(raid2),
    files: list(file2),
    directories: list(directory2),
    links: list(link2),
  });
  const storage3 = storage2.extend({ disks: disks(partition3) });
  const storage4 = storage3.extend({ files: list(file4) });

  const v2_0 = z.object({
    ignition: ignition0,
    storage: storage0.optional(),
    systemd: units(unit0),
    networkd: units(networkdUnit0),
    passwd: passwd(user0),
  });
  const v2_1 = v2_0.extend({
    ignition: ignition1,
    storage: storage1.optional(),
    systemd: units(unit1),
    passwd: passwd(user1),
  });
  const v2_2 = v2_1.extend({ ignition: ignition2, storage: storage2.optional(), networkd: units(networkdUnit2) });
  const v2_3 = v2_2.extend({ storage: storage3.optional() });
  const v2_4 = v2_3.extend({ ignition: ignition4, storage: storage4.optional() });

  return [v2_0, v2_1, v2_2, v2_3, v2_4] as const;
});
export const NEWEST_V2 = 4;

/** A config at 2.4. Every spec 2 config becomes one; a field that its own version lacks is absent. */
export type ConfigV2 = z.output<ReturnType<typeof schemasV2>[4]>;
