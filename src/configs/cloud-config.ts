/** Checks a cloud-config as far as it can be: that it is YAML, and whether coreos-cloudinit knows its keys. No I/O. */
import { unread } from '../butane/unread.ts';
import type { YamlNode } from '../butane/yaml/node.ts';
import { readYaml } from '../butane/yaml/read-yaml.ts';
import type { Entry } from '../ignition/report.ts';
import { ok, type Result } from '../shared/result.ts';

/** The top-level keys of config/config.go in flatcar/coreos-cloudinit; a hyphen in a key counts as an underscore. */
const KNOWN: ReadonlySet<string> = new Set([
  'coreos',
  'hostname',
  'manage_etc_hosts',
  'ssh_authorized_keys',
  'users',
  'write_files',
]);
/** Our reader of YAML has this limit. A longer cloud-config is taken without a look. */
const MOST_CHECKED = 256 * 1024;

/**
 * Returns warnings about a cloud-config, or the fault with the line that a person has to look at. Other user data that
 * coreos-cloudinit takes, such as MIME multipart, has none.
 */
export function checkCloudConfig(
  text: string,
): Result<readonly Entry[], { readonly error: string; readonly entries: readonly Entry[] }> {
  if (!text.startsWith('#cloud-config') || new TextEncoder().encode(text).length > MOST_CHECKED) return ok([]);
  const read = readYaml(text);
  if (!read.ok) return unread(`cloud-config: ${read.error.message}`, [read.error]);
  const root = read.value;
  if (isNothing(root)) return ok([warning(root, '$', 'the cloud-config says nothing')]);
  if (root.kind !== 'map') {
    const message = `must be keys with values, not a ${root.kind}`;
    return unread(`cloud-config: ${message}`, [{ at: root.at, message }]);
  }
  return ok(root.pairs.flatMap(({ key }) => keyWarnings(key)));
}

const isNothing = (node: YamlNode): boolean =>
  node.kind === 'scalar' && node.isPlain && ['', '~', 'null'].includes(node.text);

function keyWarnings(key: YamlNode): Entry[] {
  const name = key.kind === 'scalar' ? key.text : '';
  if (KNOWN.has(name.replaceAll('-', '_'))) return [];
  const known = [...KNOWN].join(', ');
  return [
    warning(
      key,
      name === '' ? '$' : name,
      `coreos-cloudinit does not know this key and passes it over; it knows ${known}`,
    ),
  ];
}

const warning = ({ at }: YamlNode, path: string, message: string): Entry => ({
  severity: 'warning',
  path,
  message,
  ...at,
});
