/**
 * The schemas of specs 3.0 to 3.6 and the experimental 3.7 of the Ignition config language, each as a change of its
 * predecessor. A field without `.optional()` is plain: an absent value equals an empty one, and a merge takes the
 * child's. Sources: docs/configuration-v3_0.md to -v3_7_experimental.md of coreos/ignition 2.26.0. No I/O.
 */
import * as z from 'zod';
import { appended, distinct, keyed, pointerTo, printedText } from './lists.ts';

const text = printedText();
const maybeText = z.string().optional();
const maybeInt = z.int().optional();
const maybeBool = z.boolean().optional();

const verification = z.object({ hash: maybeText }).optional();
const header = z.object({ name: text, value: maybeText });
const headers = keyed(header, ({ name }) => name, { removes: ({ value }) => value === undefined });

/** In 3.0 a reference has no compression. No resource of 3.0 has headers. */
const reference0 = z.object({ source: maybeText, verification });
const contents0 = z.object({ source: maybeText, compression: maybeText, verification });
const resource = contents0.extend({ httpHeaders: headers });

const owner = z.object({ id: maybeInt, name: maybeText }).optional();
const node = z.object({ path: text, overwrite: maybeBool, user: owner, group: owner });
const PATHS = { space: 'path' } as const;
const byPath = ({ path }: { path: string }) => path;
const file0 = node.extend({ mode: maybeInt, contents: contents0.optional(), append: appended(contents0) });
const file1 = node.extend({ mode: maybeInt, contents: resource.optional(), append: appended(resource) });
const directory = node.extend({ mode: maybeInt });
const link0 = node.extend({ target: text, hard: maybeBool });
const link3 = node.extend({ target: maybeText, hard: maybeBool });

const partition0 = z.object({
  number: z.int(),
  label: maybeText,
  startMiB: maybeInt,
  sizeMiB: maybeInt,
  typeGuid: maybeText,
  guid: maybeText,
  wipePartitionEntry: maybeBool,
  shouldExist: maybeBool,
});
const partition2 = partition0.extend({ resize: maybeBool });
const byNumberOrLabel = ({ number, label }: { number: number; label?: string | undefined }) => {
  if (number !== 0) return `number:${number}`;
  return label === undefined ? '' : `label:${label}`;
};
const disks = <T extends typeof partition0>(partition: T) =>
  keyed(
    z.object({
      device: text,
      wipeTable: maybeBool,
      partitions: keyed(partition, byNumberOrLabel as (element: z.output<T>) => string),
    }),
    ({ device }) => device,
  );

const raid0 = z.object({ name: text, level: text, devices: distinct(), spares: maybeInt, options: appended(text) });
const raid3 = raid0.extend({ level: maybeText });
const byName = ({ name }: { name: string }) => name;
const byDevice = ({ device }: { device: string }) => device;
const filesystem0 = z.object({
  device: text,
  format: maybeText,
  path: maybeText,
  label: maybeText,
  uuid: maybeText,
  wipeFilesystem: maybeBool,
  options: appended(text),
});
const filesystem1 = filesystem0.extend({ mountOptions: appended(text) });

const tang2 = z.object({ url: z.string(), thumbprint: maybeText });
const tang4 = tang2.extend({ advertisement: maybeText });
const byUrl = ({ url }: { url: string }) => url;
const custom2 = z.object({ pin: text, config: text, needsNetwork: maybeBool });
const custom3 = z.object({ pin: maybeText, config: maybeText, needsNetwork: maybeBool });
const clevis2 = z.object({
  tpm2: maybeBool,
  threshold: maybeInt,
  tang: keyed(tang2, byUrl),
  custom: pointerTo(custom2),
});
const clevis3 = clevis2.extend({ custom: custom3.optional() });
const clevis4 = clevis3.extend({ tang: keyed(tang4, byUrl) });
const luks2 = z.object({
  name: text,
  device: maybeText,
  label: maybeText,
  uuid: maybeText,
  options: appended(text),
  wipeVolume: maybeBool,
  keyFile: resource.optional(),
  clevis: pointerTo(clevis2),
});
const luks3 = luks2.extend({ clevis: clevis3.optional() });
const luks4 = luks3.extend({ clevis: clevis4.optional(), openOptions: distinct(), discard: maybeBool });
const luks5 = luks4.extend({ cex: z.object({ enabled: maybeBool }).optional() });

const unit = z.object({
  name: text,
  enabled: maybeBool,
  mask: maybeBool,
  contents: maybeText,
  dropins: keyed(z.object({ name: text, contents: maybeText }), byName),
});
const user0 = z.object({
  name: text,
  passwordHash: maybeText,
  sshAuthorizedKeys: distinct(),
  uid: maybeInt,
  gecos: maybeText,
  homeDir: maybeText,
  noCreateHome: maybeBool,
  primaryGroup: maybeText,
  groups: distinct(),
  noUserGroup: maybeBool,
  noLogInit: maybeBool,
  shell: maybeText,
  system: maybeBool,
});
const group0 = z.object({ name: text, gid: maybeInt, passwordHash: maybeText, system: maybeBool });
const user2 = user0.extend({ shouldExist: maybeBool });
const group2 = group0.extend({ shouldExist: maybeBool });
const passwd = <U extends typeof user0, G extends typeof group0>(user: U, group: G) =>
  z
    .object({
      users: keyed(user, byName as (element: z.output<U>) => string),
      groups: keyed(group, byName as (element: z.output<G>) => string),
    })
    .optional();

const timeouts = z.object({ httpResponseHeaders: maybeInt, httpTotal: maybeInt }).optional();
const bySource = ({ source }: { source?: string | undefined }) => source ?? '';
const references = <T extends typeof reference0>(reference: T) => ({
  config: z.object({ merge: keyed(reference, bySource), replace: reference.optional() }).optional(),
  timeouts,
  security: z.object({ tls: z.object({ certificateAuthorities: keyed(reference, bySource) }).optional() }).optional(),
});
const ignition0 = z.object({ version: text, ...references(reference0) });
const proxy = z.object({ httpProxy: maybeText, httpsProxy: maybeText, noProxy: distinct() }).optional();
const ignition1 = z.object({ version: text, ...references(resource), proxy });

const storage0 = z.object({
  disks: disks(partition0),
  raid: keyed(raid0, byName),
  filesystems: keyed(filesystem0, byDevice),
  files: keyed(file0, byPath, PATHS),
  directories: keyed(directory, byPath, PATHS),
  links: keyed(link0, byPath, PATHS),
});
const storage1 = storage0.extend({ filesystems: keyed(filesystem1, byDevice), files: keyed(file1, byPath, PATHS) });
const storage2 = storage1.extend({ disks: disks(partition2), luks: keyed(luks2, byName) });
const storage3 = storage2.extend({
  raid: keyed(raid3, byName),
  links: keyed(link3, byPath, PATHS),
  luks: keyed(luks3, byName),
});
const storage4 = storage3.extend({ luks: keyed(luks4, byName) });
const storage5 = storage4.extend({ luks: keyed(luks5, byName) });

const kernelArguments = z
  .object({ shouldExist: distinct('argument'), shouldNotExist: distinct('argument') })
  .optional();

const v3_0 = z.object({
  ignition: ignition0,
  passwd: passwd(user0, group0),
  storage: storage0.optional(),
  systemd: z.object({ units: keyed(unit, byName) }).optional(),
});
const v3_1 = v3_0.extend({ ignition: ignition1, storage: storage1.optional() });
const v3_2 = v3_1.extend({ passwd: passwd(user2, group2), storage: storage2.optional() });
const v3_3 = v3_2.extend({ storage: storage3.optional(), kernelArguments });
const v3_4 = v3_3.extend({ storage: storage4.optional() });
const v3_5 = v3_4.extend({ storage: storage5.optional() });

/** The schemas by their minor version. 3.6 and the experimental 3.7 changed rules, but no fields. */
export const SCHEMAS_V3 = [v3_0, v3_1, v3_2, v3_3, v3_4, v3_5, v3_5, v3_5] as const;

/** A config with the fields of the newest spec 3. A config of an older version leaves the newer fields absent. */
export type ConfigV3 = z.output<typeof v3_5>;
export type StorageV3 = NonNullable<ConfigV3['storage']>;
export type DiskV3 = NonNullable<StorageV3['disks']>[number];
export type LuksV3 = NonNullable<StorageV3['luks']>[number];
export type ResourceV3 = z.output<typeof resource>;
