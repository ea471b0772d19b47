/**
 * The schema of spec 1 of the Ignition config language, which states `{"ignitionVersion": 1}`. Nearly all values are
 * plain, and files belong to their filesystem. Source: doc/configuration-v1.md of flatcar/ignition 0.36.2. No I/O.
 */
import * as z from 'zod';

const text = z.string();
const int = z.int();
const bool = z.boolean();
const maybeInt = z.int().optional();
const list = <T extends z.ZodType>(element: T) => z.array(element).optional();

const partition = z.object({ label: text, number: int, size: int, start: int, typeGuid: text });
const disk = z.object({ device: text, wipeTable: bool, partitions: list(partition) });
const raid = z.object({ name: text, level: text, devices: list(text), spares: int });
const file = z.object({ path: text, contents: text, mode: int, uid: int, gid: int });
const filesystem = z.object({
  device: text,
  format: text,
  create: z.object({ force: bool, options: list(text) }).optional(),
  files: list(file),
});

const unit = z.object({
  name: text,
  enable: bool,
  mask: bool,
  contents: text,
  dropins: list(z.object({ name: text, contents: text })),
});

const account = z.object({
  uid: maybeInt,
  gecos: text,
  homeDir: text,
  noCreateHome: bool,
  primaryGroup: text,
  groups: list(text),
  noUserGroup: bool,
  system: bool,
  noLogInit: bool,
  shell: text,
});
const user = z.object({
  name: text,
  passwordHash: text,
  sshAuthorizedKeys: list(text),
  create: account.optional(),
});
const group = z.object({ name: text, gid: maybeInt, passwordHash: text, system: bool });

/** The schema of spec 1, which has only one version. */
export const SCHEMA_V1 = z.object({
  ignitionVersion: int,
  storage: z.object({ disks: list(disk), raid: list(raid), filesystems: list(filesystem) }).optional(),
  systemd: z.object({ units: list(unit) }).optional(),
  networkd: z.object({ units: list(z.object({ name: text, contents: text })) }).optional(),
  passwd: z.object({ users: list(user), groups: list(group) }).optional(),
});

export type ConfigV1 = z.output<typeof SCHEMA_V1>;
