/**
 * The services that a Container Linux Config configures by name: drop-ins for docker, etcd and flannel, and the file
 * for updates. Options may hold dynamic data, which coreos-metadata finds at boot; each platform has its own. No I/O.
 */
import { goQuote } from '../../ignition/urls/go-quote.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { objectAt } from '../butane/source-rules.ts';
import type { YamlObject, YamlValue } from '../yaml/decode.ts';
import { etcdOptions, flannelOptions, type Option } from './options.ts';
import { parseVersion } from './version.ts';

export interface ServiceUnit {
  readonly name: string;
  readonly enable?: boolean;
  readonly enabled?: boolean;
  readonly dropins: readonly { readonly name: string; readonly contents: string }[];
}

/** Platforms that coreos-metadata does not detect: an option must tell it the platform. */
const UNDETECTED = ['openstack-metadata', 'cloudstack-configdrive'];
const DATA_NAMES = ['HOSTNAME', 'PRIVATE_IPV4', 'PUBLIC_IPV4', 'PRIVATE_IPV6', 'PUBLIC_IPV6'] as const;
type DataName = (typeof DATA_NAMES)[number];

/** The environment variable of each piece of dynamic data, by platform. An absent one cannot be used there. */
const METADATA: Readonly<Record<string, Partial<Record<DataName, string>>>> = {
  azure: { PRIVATE_IPV4: 'COREOS_AZURE_IPV4_DYNAMIC', PUBLIC_IPV4: 'COREOS_AZURE_IPV4_VIRTUAL' },
  digitalocean: {
    HOSTNAME: 'COREOS_DIGITALOCEAN_HOSTNAME',
    PRIVATE_IPV4: 'COREOS_DIGITALOCEAN_IPV4_PRIVATE_0',
    PUBLIC_IPV4: 'COREOS_DIGITALOCEAN_IPV4_PUBLIC_0',
    PRIVATE_IPV6: 'COREOS_DIGITALOCEAN_IPV6_PRIVATE_0',
    PUBLIC_IPV6: 'COREOS_DIGITALOCEAN_IPV6_PUBLIC_0',
  },
  ec2: {
    HOSTNAME: 'COREOS_EC2_HOSTNAME',
    PRIVATE_IPV4: 'COREOS_EC2_IPV4_LOCAL',
    PUBLIC_IPV4: 'COREOS_EC2_IPV4_PUBLIC',
  },
  gce: {
    HOSTNAME: 'COREOS_GCE_HOSTNAME',
    PRIVATE_IPV4: 'COREOS_GCE_IP_LOCAL_0',
    PUBLIC_IPV4: 'COREOS_GCE_IP_EXTERNAL_0',
  },
  packet: {
    HOSTNAME: 'COREOS_PACKET_HOSTNAME',
    PRIVATE_IPV4: 'COREOS_PACKET_IPV4_PRIVATE_0',
    PUBLIC_IPV4: 'COREOS_PACKET_IPV4_PUBLIC_0',
    PUBLIC_IPV6: 'COREOS_PACKET_IPV6_PUBLIC_0',
  },
  'openstack-metadata': {
    HOSTNAME: 'COREOS_OPENSTACK_HOSTNAME',
    PRIVATE_IPV4: 'COREOS_OPENSTACK_IPV4_LOCAL',
    PUBLIC_IPV4: 'COREOS_OPENSTACK_IPV4_PUBLIC',
  },
  'vagrant-virtualbox': {
    HOSTNAME: 'COREOS_VAGRANT_VIRTUALBOX_HOSTNAME',
    PRIVATE_IPV4: 'COREOS_VAGRANT_VIRTUALBOX_PRIVATE_IPV4',
  },
  'cloudstack-configdrive': { HOSTNAME: 'CLOUDSTACK_LOCAL_HOSTNAME' },
  custom: {
    HOSTNAME: 'COREOS_CUSTOM_HOSTNAME',
    PRIVATE_IPV4: 'COREOS_CUSTOM_PRIVATE_IPV4',
    PUBLIC_IPV4: 'COREOS_CUSTOM_PUBLIC_IPV4',
    PRIVATE_IPV6: 'COREOS_CUSTOM_PRIVATE_IPV6',
    PUBLIC_IPV6: 'COREOS_CUSTOM_PUBLIC_IPV6',
  },
};

/** True for a platform that the transpiler knows, and for the empty text, which means no platform. */
export const isPlatform = (platform: string): boolean => platform === '' || Object.hasOwn(METADATA, platform);

/**
 * Returns the units of all services that the source configures, in the order of the transpiler. The error is a message
 * about dynamic data that the platform does not have.
 */
export function serviceUnits(source: YamlObject, platform: string): Result<ServiceUnit[], string> {
  const units: ServiceUnit[] = [];
  if (UNDETECTED.includes(platform)) {
    const contents = `[Service]\nEnvironment=COREOS_METADATA_OPT_PROVIDER=--provider=${platform}`;
    const dropins = [{ name: '20-clct-provider-override.conf', contents }];
    units.push({ name: 'coreos-metadata.service', dropins });
    units.push({ name: 'coreos-metadata-sshkeys@.service', enabled: true, dropins });
  }
  if (source['docker'] !== undefined) {
    const flags = (objectAt(source, 'docker')['flags'] ?? []) as readonly string[];
    units.push(dropin('docker.service', 'docker', `[Service]\nEnvironment="DOCKER_OPTS=${flags.join(' ')}"`));
  }
  if (source['etcd'] !== undefined) {
    const etcd = objectAt(source, 'etcd');
    const options = argumentsOf(etcd, etcdOptions(versionOf(etcd)));
    const contents = wrapper('etcd-wrapper $ETCD_OPTS', 'ETCD_IMAGE_TAG', etcd, options, [], platform);
    if (!contents.ok) return contents;
    units.push(dropin('etcd-member.service', 'etcd-member', contents.value));
  }
  if (source['flannel'] !== undefined) {
    const flannel = objectAt(source, 'flannel');
    const options = argumentsOf(flannel, flannelOptions(versionOf(flannel)));
    const after = networkLines(flannel);
    const contents = wrapper('flannel-wrapper $FLANNEL_OPTS', 'FLANNEL_IMAGE_TAG', flannel, options, after, platform);
    if (!contents.ok) return contents;
    units.push(dropin('flanneld.service', 'flannel', contents.value));
  }
  return ok(units);
}

/** Returns the text of `/etc/coreos/update.conf`, or `undefined` when the source does not configure updates. */
export function updateConf(source: YamlObject): string | undefined {
  if (source['update'] === undefined && source['locksmith'] === undefined) return undefined;
  const update = objectAt(source, 'update');
  const locksmith = objectAt(source, 'locksmith');
  const group = String(update['group'] ?? '').toLowerCase();
  let text = group === '' ? '' : `GROUP=${group}`;
  for (const name of ['server', 'pcr_policy_server', 'download_user', 'download_password', 'machine_alias']) {
    const value = update[name] ?? '';
    if (value !== '') text += `\n${name.toUpperCase()}=${value}`;
  }
  const lines = LOCKSMITH.flatMap(([name, key]) => {
    const value = locksmith[name];
    return value === undefined ? [] : [`${key}=${goQuote(String(value))}`];
  });
  if (lines.length > 0) text += `\n${lines.join('\n')}`;
  return text === '' ? undefined : text;
}

const LOCKSMITH = [
  ['reboot_strategy', 'REBOOT_STRATEGY'],
  ['window_start', 'LOCKSMITHD_REBOOT_WINDOW_START'],
  ['window_length', 'LOCKSMITHD_REBOOT_WINDOW_LENGTH'],
  ['group', 'LOCKSMITHD_GROUP'],
  ['etcd_endpoints', 'LOCKSMITHD_ENDPOINT'],
  ['etcd_cafile', 'LOCKSMITHD_ETCD_CAFILE'],
  ['etcd_certfile', 'LOCKSMITHD_ETCD_CERTFILE'],
  ['etcd_keyfile', 'LOCKSMITHD_ETCD_KEYFILE'],
] as const;

const dropin = (unit: string, name: string, contents: string): ServiceUnit => ({
  name: unit,
  enable: true,
  dropins: [{ name: `20-clct-${name}.conf`, contents }],
});

function versionOf({ version }: YamlObject) {
  const parsed = typeof version === 'string' ? parseVersion(version) : undefined;
  return parsed?.ok === true ? parsed.value.numbers : undefined;
}

function argumentsOf(service: YamlObject, options: readonly Option[]): string[] {
  return options.flatMap(({ name, kind }) => {
    const value: YamlValue | undefined = service[name];
    if (value === undefined) return [];
    const option = name === 'interface' ? 'iface' : name.replaceAll('_', '-');
    return [`--${option}=${kind === 'text' ? goQuote(String(value)) : String(value)}`];
  });
}

/** Returns the line that makes etcdctl set the network config. The transpiler fills no dynamic data into it. */
function networkLines(flannel: YamlObject): string[] {
  const network = String(flannel['network_config'] ?? '');
  if (network === '') return [];
  const access = [
    ['etcd_endpoints', 'endpoints'],
    ['etcd_cafile', 'ca-file'],
    ['etcd_certfile', 'cert-file'],
    ['etcd_keyfile', 'key-file'],
  ].flatMap(([name = '', option]) =>
    flannel[name] === undefined ? [] : [` --${option}=${goQuote(String(flannel[name]))}`],
  );
  return [`ExecStartPre=/usr/bin/etcdctl${access.join('')} set /coreos.com/network/config ${goQuote(network)}`];
}

function wrapper(
  command: string,
  imageTag: string,
  { version }: YamlObject,
  options: readonly string[],
  after: readonly string[],
  platform: string,
): Result<string, string> {
  const filled = fillIn(options, platform);
  if (!filled.ok) return filled;
  const parsed = typeof version === 'string' ? parseVersion(version) : undefined;
  const printed = parsed?.ok === true ? parsed.value.text : undefined;
  const isDynamic = options.some((option) => /[{}]/.test(option));
  const unit = isDynamic ? '[Unit]\nRequires=coreos-metadata.service\nAfter=coreos-metadata.service\n\n' : '';
  const lines = [
    '[Service]',
    ...(isDynamic ? ['EnvironmentFile=/run/metadata/coreos'] : []),
    ...(printed === undefined ? [] : [`Environment="${imageTag}=v${printed}"`]),
    'ExecStart=',
    [`ExecStart=/usr/lib/coreos/${command}`, ...filled.value].join(' \\\n  '),
    ...after,
  ];
  return ok(unit + lines.join('\n'));
}

/** Replaces `{PRIVATE_IPV4}` and the other names of dynamic data by the platform's variables. */
function fillIn(options: readonly string[], platform: string): Result<string[], string> {
  if (!options.some((option) => /[{}]/.test(option))) return ok([...options]);
  if (platform === '') return err('platform must be specified to use templating');
  const variables = METADATA[platform] ?? {};
  const filled: string[] = [];
  for (const option of options) {
    let [done, rest] = ['', option];
    for (;;) {
      const [open, close] = [rest.indexOf('{'), rest.indexOf('}')];
      if (open === -1 || close === -1 || close < open) break;
      const variable = variables[rest.slice(open + 1, close) as DataName];
      if (variable === undefined) return err('unknown field');
      done += `${rest.slice(0, open)}\${${variable}}`;
      rest = rest.slice(close + 1);
    }
    filled.push(done + rest);
  }
  return ok(filled);
}
