/**
 * Tells what a text is that somebody sent as user data or as a layer, when it is no Ignition config: the tools' own
 * messages about one character do not help anybody who sent the wrong kind. No I/O.
 */
import type { ScalarNode, YamlNode } from '../butane/yaml/node.ts';
import { readYaml } from '../butane/yaml/read-yaml.ts';

export type Found =
  /** JSON, or at least a text that begins as JSON. */
  | { readonly kind: 'json' }
  | { readonly kind: 'butane'; readonly variant: string }
  /** YAML that names no variant. */
  | { readonly kind: 'yaml' }
  | { readonly kind: 'late-cloud-config'; readonly line: number }
  | { readonly kind: 'markup' }
  | { readonly kind: 'other' };

const BYTE_ORDER_MARK = /^\ufeff/;
/** A `variant` key in a text whose YAML is broken: its line says more than a complaint about JSON. */
const NAMES_VARIANT = /^ {0,8}["']?variant["']?[ \t]*:/m;
/** Top-level keys of Butane and of a Container Linux Config. */
const SECTIONS = new Set(
  ['variant', 'version', 'ignition', 'storage', 'systemd', 'networkd', 'passwd', 'kernel_arguments'].concat([
    'docker',
    'etcd',
    'flannel',
    'update',
    'locksmith',
  ]),
);

/** Returns what a text is, which is neither empty nor a cloud-config, a script or MIME by its first line. */
export function whatItIs(text: string): Found {
  const plain = text.replace(BYTE_ORDER_MARK, '');
  const late = lateCloudConfig(plain);
  if (late !== undefined) return { kind: 'late-cloud-config', line: late };
  if (/^\s*</.test(plain)) return { kind: 'markup' };
  const isJson = /^\s*[{[]/.test(plain);
  // JSON that names no variant is not read as YAML too: that would cost most for the usual case.
  if (isJson && !plain.includes('variant')) return { kind: 'json' };
  const root = readYaml(plain);
  if (!root.ok) {
    if (isJson) return { kind: 'json' };
    return NAMES_VARIANT.test(plain) ? { kind: 'butane', variant: '' } : { kind: 'other' };
  }
  const keys = topKeys(root.value);
  const variant = keys.get('variant');
  const isIgnition = isJson && statesVersion(keys.get('ignition'));
  if (variant !== undefined && !isIgnition)
    return { kind: 'butane', variant: variant.kind === 'scalar' ? variant.text : '' };
  if (isJson) return { kind: 'json' };
  return [...keys.keys()].some((key) => SECTIONS.has(key)) ? { kind: 'yaml' } : { kind: 'other' };
}

/** Returns the sentence for the client that sent this as an Ignition config; `undefined` for what may be one. */
export function notIgnition(found: Found): string | undefined {
  switch (found.kind) {
    case 'butane':
      return 'the body is Butane, not an Ignition config';
    case 'yaml':
      return 'the body is YAML without a variant: Butane begins with "variant: flatcar" and "version: 1.1.0", and a Container Linux Config needs format=ct';
    case 'late-cloud-config':
      return `#cloud-config must be the first line, and it stands in line ${found.line}: coreos-cloudinit reads nothing else, also no Jinja templates`;
    case 'markup':
      return 'the body is HTML or XML, not a config: perhaps the answer of a login page was sent';
    default:
      return undefined;
  }
}

/** Returns the line of `#cloud-config` behind comments and empty lines, or `undefined`. The first line does not count. */
function lateCloudConfig(text: string): number | undefined {
  let line = 1;
  for (let from = 0; from < text.length; line += 1) {
    const end = text.indexOf('\n', from);
    const content = text.slice(from, end === -1 ? undefined : end).trim();
    if (content === '#cloud-config') return line > 1 || from > 0 ? line : undefined;
    if (content !== '' && !content.startsWith('#')) return undefined;
    if (end === -1) return undefined;
    from = end + 1;
  }
  return undefined;
}

function topKeys(root: YamlNode): ReadonlyMap<string, YamlNode> {
  if (root.kind !== 'map') return new Map();
  return new Map(root.pairs.flatMap(({ key, value }) => (isScalar(key) ? [[key.text, value] as const] : [])));
}

const isScalar = (node: YamlNode): node is ScalarNode => node.kind === 'scalar';

/** True for the `ignition` object of an Ignition config. Butane's has no version. */
const statesVersion = (ignition: YamlNode | undefined): boolean =>
  ignition?.kind === 'map' && ignition.pairs.some(({ key }) => isScalar(key) && key.text === 'version');
