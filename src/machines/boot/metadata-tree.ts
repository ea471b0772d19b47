/** What the metadata services of EC2, OpenStack and DigitalOcean say of a machine, and the same for an EnvironmentFile. No I/O. */

/** What a machine says of itself. */
export interface MetadataFacts {
  readonly id: string;
  readonly hostname: string | null;
  readonly sshAuthorizedKeys: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly vars: Readonly<Record<string, string>>;
}

export interface MetadataText {
  readonly text: string;
  readonly isJson: boolean;
}

const plain = (text: string): MetadataText => ({ text, isJson: false });
const json = (value: object): MetadataText => ({ text: JSON.stringify(value), isJson: true });
/** Listings end in newlines as the originals' do; values have none, because clients take them as they stand. */
const listing = (lines: readonly string[]): MetadataText => plain(lines.map((line) => `${line}\n`).join(''));

const DATED = /^(?:latest|\d{4}-\d{2}-\d{2})$/;

/** Returns the text at a path below `metadata/`; `undefined` where there is none. User data is not among them. */
export function metadataText(path: string, facts: MetadataFacts): MetadataText | undefined {
  const [cloud, ...rest] = path.split('/');
  if (cloud === 'env') return rest.length === 0 ? plain(environment(facts)) : undefined;
  if (cloud === 'ec2') return ec2(rest, facts);
  if (cloud === 'openstack')
    return openstack(rest[0] === 'openstack' ? rest.slice(1) : rest, facts) ?? ec2(rest, facts);
  return cloud === 'digitalocean' ? digitalOcean(rest, facts) : undefined;
}

/** docs.aws.amazon.com, "Instance metadata categories"; asked by Afterburn's provider aws and by coreos-cloudinit. */
function ec2(path: readonly string[], facts: MetadataFacts): MetadataText | undefined {
  const [date = '', tree, ...leaf] = path;
  if (path.join('/') === '') return listing(['2009-04-04', '2019-10-01', '2021-01-03', 'latest']);
  if (!DATED.test(date)) return undefined;
  if ((tree ?? '') === '' && leaf.length === 0) return listing(['dynamic', 'meta-data', 'user-data']);
  if (tree === 'dynamic') return dynamic(leaf.join('/'), facts);
  return tree === 'meta-data' ? metaData(leaf.join('/').replace(/\/$/, ''), facts) : undefined;
}

function dynamic(leaf: string, { id, attributes }: MetadataFacts): MetadataText | undefined {
  const { region, zone, instance_type: instanceType, local_ipv4: privateIp } = attributes;
  // Afterburn reads the region of it and nothing else, and fails without.
  if (leaf !== 'instance-identity/document' || region === undefined) return undefined;
  return json({ instanceId: id, region, availabilityZone: zone, instanceType, privateIp });
}

function metaData(leaf: string, facts: MetadataFacts): MetadataText | undefined {
  const { id, hostname, sshAuthorizedKeys: keys, attributes } = facts;
  const value = (text: string | null | undefined) => ((text ?? null) === null ? undefined : plain(text ?? ''));
  if (leaf === '') return listing(namesIn(facts));
  if (leaf === 'instance-id') return plain(id);
  if (leaf === 'hostname' || leaf === 'local-hostname') return value(hostname);
  if (leaf === 'placement') {
    const names = Object.entries({ 'availability-zone': attributes['zone'], region: attributes['region'] });
    const known = names.filter(([, text]) => text !== undefined).map(([name]) => name);
    return known.length === 0 ? undefined : listing(known);
  }
  if (leaf === 'placement/availability-zone') return value(attributes['zone']);
  if (leaf === 'placement/region') return value(attributes['region']);
  if (leaf === 'public-keys') return keys.length === 0 ? undefined : listing(keys.map((_key, at) => `${at}=key-${at}`));
  const at = /^public-keys\/(0|[1-9]\d{0,2})(\/openssh-key)?$/.exec(leaf);
  if (at !== null) {
    const key = keys[Number(at[1])];
    return key === undefined ? undefined : at[2] === undefined ? listing(['openssh-key']) : plain(key);
  }
  return /^[a-z][a-z0-9-]*$/.test(leaf) ? value(attributes[leaf.replaceAll('-', '_')]) : undefined;
}

function namesIn({ hostname, sshAuthorizedKeys, attributes }: MetadataFacts): string[] {
  const placed = new Set(['zone', 'region']);
  return [
    ...(hostname === null ? [] : ['hostname', 'local-hostname']),
    'instance-id',
    ...Object.keys(attributes)
      .filter((name) => !placed.has(name))
      .map((name) => name.replaceAll('_', '-')),
    ...(Object.keys(attributes).some((name) => placed.has(name)) ? ['placement/'] : []),
    ...(sshAuthorizedKeys.length === 0 ? [] : ['public-keys/']),
  ].toSorted();
}

/** docs.openstack.org/nova, "Metadata"; asked by Afterburn's provider openstack. */
function openstack(path: readonly string[], facts: MetadataFacts): MetadataText | undefined {
  const [date = '', name = '', ...more] = path;
  if (path.join('/') === '') return listing(['2012-08-10', '2018-08-27', 'latest']);
  if (!DATED.test(date) || more.length > 0) return undefined;
  const { id, hostname, sshAuthorizedKeys: keys, attributes, vars } = facts;
  switch (name) {
    case 'meta_data.json':
      return json({
        uuid: id,
        name: hostname ?? id,
        hostname: hostname ?? undefined,
        availability_zone: attributes['zone'],
        public_keys: Object.fromEntries(keys.map((key, at) => [`key-${at}`, key])),
        keys: keys.map((data, at) => ({ name: `key-${at}`, type: 'ssh', data })),
        meta: { ...vars, ...attributes },
      });
    case 'vendor_data.json':
    case 'vendor_data2.json':
      return json({});
    case 'network_data.json': {
      const services = nameservers(attributes).map((address) => ({ type: 'dns', address }));
      return json({ links: [], networks: [], services });
    }
    default:
      return undefined;
  }
}

const nameservers = ({ nameservers: text = '' }: Readonly<Record<string, string>>): string[] =>
  text.split(/[ ,]/).filter((address) => address !== '');

/** docs.digitalocean.com, "Droplet metadata"; Afterburn reads `v1.json`, and fails at a member that it lacks. */
function digitalOcean(path: readonly string[], facts: MetadataFacts): MetadataText | undefined {
  const [metadata, version, ...leaf] = path;
  if (metadata !== 'metadata') return undefined;
  const { id, hostname, sshAuthorizedKeys: keys, attributes } = facts;
  const dns = nameservers(attributes);
  if (version === 'v1.json' && leaf.length === 0) {
    return json({
      ...{ droplet_id: id, hostname: hostname ?? id, region: attributes['region'] ?? '', public_keys: keys },
      dns: { nameservers: dns },
      interfaces: { public: interfacesOf('public', attributes), private: interfacesOf('local', attributes) },
    });
  }
  if (version !== 'v1') return undefined;
  const list = (lines: readonly string[]) => (lines.length === 0 ? undefined : plain(lines.join('\n')));
  switch (leaf.join('/')) {
    case 'id':
      return plain(id);
    case 'hostname':
      return list([hostname ?? id]);
    case 'region':
      return list([attributes['region'] ?? []].flat());
    case 'public-keys':
      return list(keys);
    case 'dns/nameservers':
      return list(dns);
    case 'interfaces/public/0/ipv4/address':
      return list([attributes['public_ipv4'] ?? []].flat());
    case 'interfaces/private/0/ipv4/address':
      return list([attributes['local_ipv4'] ?? []].flat());
    default:
      return undefined;
  }
}

/** An interface is told only with all that Afterburn needs of it: address, netmask, gateway and MAC. */
function interfacesOf(kind: 'public' | 'local', attributes: Readonly<Record<string, string>>): object[] {
  const [address, netmask, gateway, mac] = ['ipv4', 'netmask', 'gateway', 'mac'].map(
    (name) => attributes[`${kind}_${name}`],
  );
  if ([address, netmask, gateway, mac].includes(undefined)) return [];
  const type = kind === 'local' ? 'private' : kind;
  return [{ mac, type, ipv4: { ip_address: address, netmask, gateway } }];
}

/** Names that Container Linux Configs of the platform `custom` use for dynamic data (ct, doc/dynamic-data.md). */
const CUSTOM = {
  COREOS_CUSTOM_PRIVATE_IPV4: 'local_ipv4',
  COREOS_CUSTOM_PUBLIC_IPV4: 'public_ipv4',
  COREOS_CUSTOM_PRIVATE_IPV6: 'local_ipv6',
  COREOS_CUSTOM_PUBLIC_IPV6: 'public_ipv6',
} as const;

/** Returns the lines of an EnvironmentFile (systemd.exec(5)), which a shell reads alike. */
function environment({ id, hostname, attributes, vars }: MetadataFacts): string {
  const lines = new Map([['MACHINE_ID', id]]);
  if (hostname !== null) lines.set('HOSTNAME', hostname).set('COREOS_CUSTOM_HOSTNAME', hostname);
  for (const [name, attribute] of Object.entries(CUSTOM)) {
    const value = attributes[attribute];
    if (value !== undefined) lines.set(name, value);
  }
  for (const [name, value] of [...Object.entries(attributes), ...Object.entries(vars)]) {
    const upper = name.toUpperCase();
    // What stands there already is told by this service, and a line of systemd's holds no other control character.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    if (!lines.has(upper) && !/[\0-\x08\x0b-\x1f\x7f]/.test(value)) lines.set(upper, value);
  }
  return [...lines].map(([name, value]) => `${name}="${value.replaceAll(/["\\$`]/g, '\\$&')}"\n`).join('');
}
