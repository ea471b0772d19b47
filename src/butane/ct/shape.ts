/** The fields of a Container Linux Config by their YAML names (config/types of the transpiler 0.9.4). No I/O. */

import type { YamlShape } from '../yaml/decode.ts';
import type { Option } from './options.ts';

type Fields = Readonly<Record<string, YamlShape>>;

const text: YamlShape = { kind: 'text' };
const integer: YamlShape = { kind: 'integer' };
const unsigned: YamlShape = { kind: 'unsigned' };
const flag: YamlShape = { kind: 'flag' };
const list = (element: YamlShape): YamlShape => ({ kind: 'list', element });
const object = (fields: Fields): YamlShape => ({ kind: 'object', fields: new Map(Object.entries(fields)) });

const verification = object({ hash: object({ function: text, sum: text }) });
const reference = object({ source: text, verification });
const owner = object({ id: integer, name: text });
const node = { filesystem: text, path: text, user: owner, group: owner, overwrite: flag };
const contents = object({
  remote: object({ url: text, compression: text, verification }),
  inline: { kind: 'bytes' },
  local: text,
});
const partition = object({ label: text, number: integer, size: text, start: text, guid: text, type_guid: text });
const mount = object({
  device: text,
  format: text,
  label: text,
  uuid: text,
  options: list(text),
  wipe_filesystem: flag,
  create: object({ force: flag, options: list(text) }),
});
const storage = object({
  disks: list(object({ device: text, wipe_table: flag, partitions: list(partition) })),
  raid: list(object({ name: text, level: text, devices: list(text), spares: integer, options: list(text) })),
  filesystems: list(object({ name: text, path: text, mount })),
  files: list(object({ ...node, mode: integer, contents, append: flag })),
  directories: list(object({ ...node, mode: integer })),
  links: list(object({ ...node, hard: flag, target: text })),
});

const dropins = list(object({ name: text, contents: text }));
const units = (more: Fields) => object({ units: list(object({ name: text, contents: text, dropins, ...more })) });
const account = {
  uid: integer,
  gecos: text,
  home_dir: text,
  no_create_home: flag,
  primary_group: text,
  groups: list(text),
  no_user_group: flag,
  system: flag,
  no_log_init: flag,
  shell: text,
};
const user = object({
  name: text,
  password_hash: text,
  ssh_authorized_keys: list(text),
  create: object({ ...account, uid: unsigned }),
  ...account,
});
const group = object({ name: text, gid: unsigned, password_hash: text, system: flag });
const etcdAccess = { etcd_endpoints: text, etcd_cafile: text, etcd_certfile: text, etcd_keyfile: text };

/** Returns the shape of a whole config; `etcd` and `flannel` are the options of the versions that the config names. */
export function ctShape(etcd: readonly Option[], flannel: readonly Option[]): YamlShape {
  const fieldsOf = (options: readonly Option[]): Fields =>
    Object.fromEntries(options.map(({ name, kind }) => [name, { kind } as YamlShape]));
  return object({
    version: integer,
    ignition: object({
      config: object({ append: list(reference), replace: reference }),
      timeouts: object({ http_response_headers: integer, http_total: integer }),
      security: object({ tls: object({ certificate_authorities: list(reference) }) }),
    }),
    storage,
    systemd: units({ enable: flag, enabled: flag, mask: flag }),
    networkd: units({}),
    passwd: object({ users: list(user), groups: list(group) }),
    docker: object({ flags: list(text) }),
    etcd: object({ version: text, ...fieldsOf(etcd) }),
    flannel: object({ version: text, network_config: text, ...fieldsOf(flannel) }),
    update: object({
      group: text,
      server: text,
      pcr_policy_server: text,
      download_user: text,
      download_password: text,
      machine_alias: text,
    }),
    locksmith: object({
      reboot_strategy: text,
      window_start: text,
      window_length: text,
      group: text,
      ...etcdAccess,
    }),
  });
}
