/** What a machine says of itself, in the shapes that clouds' clients ask: each request with the line of the source that makes it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { config, type Issued } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const key = (fill: number) => {
  const type = 'ssh-ed25519';
  const length = (bytes: number) => Buffer.from([0, 0, 0, bytes]);
  return `${type} ${Buffer.concat([length(type.length), Buffer.from(type), length(32), Buffer.alloc(32, fill)]).toString('base64')} a=${fill}`;
};
const KEYS = [key(1), key(2)];
const ATTRIBUTES = {
  ...{ local_ipv4: '10.0.0.7', public_ipv4: '192.0.2.7', region: 'eu', zone: 'eu-1', instance_type: 'metal' },
  ...{ rack_unit: '12', nameservers: '10.0.0.1 10.0.0.2', odd: 'a "b" $c `d` \\e' },
};

let edge: NodeEdge;
let full: string;
let bare: string;
let urls: Issued['urls'];
beforeAll(async () => {
  edge = await nodeEdge();
  const put = async (id: string, query: URLSearchParams) => {
    const answer = await edge.call('PUT', `/api/machines/${id}?${query}`, config('/user'));
    if (answer.status !== 200) throw new Error(await answer.text());
    return await answer.json<Issued>();
  };
  await edge.call('PUT', '/api/profiles/web', '{"engine":"ignition","vars":{"token":null,"line":"a\\nb"}}');
  const query = new URLSearchParams({ profiles: 'web', hostname: 'node-1.example.org', vars: 'token=se$cret' });
  for (const line of KEYS) query.append('ssh_authorized_key', line);
  for (const [name, value] of Object.entries(ATTRIBUTES)) query.append('attribute', `${name}=${value}`);
  const issued = await put('vm', query);
  urls = issued.urls;
  full = new URL((issued.urls as unknown as { metadata: string }).metadata).pathname;
  const other = await put('bare', new URLSearchParams());
  bare = new URL((other.urls as unknown as { metadata: string }).metadata).pathname;
});

const ask = async (path: string, of = full): Promise<readonly [number, string]> => {
  const answer = await edge.fetch(`${of}/${path}`);
  return [answer.status, await answer.text()];
};

type Row = readonly [path: string, answer: string | undefined];

// Afterburn, src/providers/aws/mod.rs: fetch_imdsv2_token, fetch_ssh_keys, attributes, hostname.
const EC2: readonly Row[] = [
  ['2021-01-03/meta-data/public-keys', '0=key-0\n1=key-1\n'],
  ['2021-01-03/meta-data/public-keys/0/openssh-key', KEYS[0]],
  ['2021-01-03/meta-data/public-keys/1/openssh-key', KEYS[1]],
  ['2021-01-03/meta-data/public-keys/2/openssh-key', undefined],
  ['2021-01-03/meta-data/instance-id', 'vm'],
  ['2021-01-03/meta-data/instance-type', 'metal'],
  ['2021-01-03/meta-data/local-ipv4', '10.0.0.7'],
  ['2021-01-03/meta-data/public-ipv4', '192.0.2.7'],
  ['2021-01-03/meta-data/ipv6', undefined],
  ['2021-01-03/meta-data/placement/availability-zone', 'eu-1'],
  ['2021-01-03/meta-data/placement/availability-zone-id', undefined],
  ['2021-01-03/meta-data/hostname', 'node-1.example.org'],
  ['2021-01-03/meta-data/public-hostname', undefined],
  // coreos-cloudinit, datasource/metadata/ec2: it looks for these, and lists them.
  ['2009-04-04/', 'dynamic\nmeta-data\nuser-data\n'],
  ['2009-04-04/meta-data/public-keys', '0=key-0\n1=key-1\n'],
  ['latest/meta-data/local-hostname', 'node-1.example.org'],
  ['latest/meta-data/placement/', 'availability-zone\nregion\n'],
  ['latest/meta-data/placement/region', 'eu'],
  ['latest/meta-data/public-keys/0/', 'openssh-key\n'],
  ['latest/meta-data/rack-unit', '12'],
  ['', '2009-04-04\n2019-10-01\n2021-01-03\nlatest\n'],
];

describe('EC2', () => {
  it.each(EC2)('%s', async (path, answer) => {
    expect(await ask(`ec2/${path}`)).toEqual(answer === undefined ? [404, 'not set\n'] : [200, answer]);
  });
  it('gives a token first, and the region in the document that Afterburn reads', async () => {
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' };
    const token = await edge.fetch(`${full}/ec2/latest/api/token`, { method: 'PUT', headers });
    expect([token.status, (await token.text()).length > 0]).toEqual([200, true]);
    const document = await edge.fetch(`${full}/ec2/2021-01-03/dynamic/instance-identity/document`);
    expect([document.headers.get('content-type'), await document.json()]).toMatchObject([
      'application/json',
      { region: 'eu', availabilityZone: 'eu-1', instanceId: 'vm' },
    ]);
    // Without one it would fail Afterburn, which takes 404 for unknown.
    expect((await ask('ec2/2021-01-03/dynamic/instance-identity/document', bare))[0]).toBe(404);
  });
  it('lists what there is, and only that', async () => {
    expect((await ask('ec2/latest/meta-data/'))[1].split('\n')).toEqual([
      ...['hostname', 'instance-id', 'instance-type', 'local-hostname', 'local-ipv4', 'nameservers', 'odd'],
      ...['placement/', 'public-ipv4', 'public-keys/', 'rack-unit', ''],
    ]);
    expect(await ask('ec2/latest/meta-data/', bare)).toEqual([200, 'instance-id\n']);
    for (const name of ['hostname', 'local-ipv4', 'public-keys', 'placement/', 'instance-type'])
      expect(await ask(`ec2/latest/meta-data/${name}`, bare)).toEqual([404, 'not set\n']);
  });
});

// Afterburn, src/providers/openstack/network.rs: the tree of EC2 at /latest/meta-data, and uuid of meta_data.json.
const OPENSTACK: readonly Row[] = [
  ['latest/meta-data/hostname', 'node-1.example.org'],
  ['latest/meta-data/instance-id', 'vm'],
  ['latest/meta-data/instance-type', 'metal'],
  ['latest/meta-data/local-ipv4', '10.0.0.7'],
  ['latest/meta-data/public-ipv4', '192.0.2.7'],
  ['latest/meta-data/public-keys', '0=key-0\n1=key-1\n'],
  ['latest/meta-data/public-keys/0/openssh-key', KEYS[0]],
  ['openstack/latest/vendor_data.json', '{}'],
];

describe('OpenStack', () => {
  it.each(OPENSTACK)('%s', async (path, answer) => {
    expect(await ask(`openstack/${path}`)).toEqual([200, answer]);
  });
  it.each(['openstack/openstack/2012-08-10/meta_data.json', 'openstack/latest/meta_data.json'])('%s', async (path) => {
    expect(JSON.parse((await ask(path))[1])).toMatchObject({
      ...{ uuid: 'vm', name: 'node-1.example.org', availability_zone: 'eu-1' },
      ...{ public_keys: { 'key-0': KEYS[0], 'key-1': KEYS[1] }, meta: { rack_unit: '12', token: 'se$cret' } },
    });
    expect(JSON.parse((await ask(path, bare))[1])).toMatchObject({ uuid: 'bare', name: 'bare', public_keys: {} });
  });
  it('has name servers among its network data', async () => {
    expect(JSON.parse((await ask('openstack/openstack/latest/network_data.json'))[1])).toEqual({
      ...{ links: [], networks: [] },
      services: [
        { type: 'dns', address: '10.0.0.1' },
        { type: 'dns', address: '10.0.0.2' },
      ],
    });
  });
});

// Afterburn, src/providers/digitalocean/mod.rs: struct Metadata; a member that is missing fails it.
describe('DigitalOcean', () => {
  it('has every member that is needed, also where nothing is known', async () => {
    for (const of of [full, bare]) {
      const all = JSON.parse((await ask('digitalocean/metadata/v1.json', of))[1]);
      expect([typeof all.hostname, typeof all.region]).toEqual(['string', 'string']);
      for (const list of [all.public_keys, all.dns.nameservers, all.interfaces.public, all.interfaces.private])
        expect(Array.isArray(list)).toBe(true);
    }
    expect(JSON.parse((await ask('digitalocean/metadata/v1.json'))[1])).toMatchObject({
      ...{ hostname: 'node-1.example.org', region: 'eu', public_keys: KEYS },
      dns: { nameservers: ['10.0.0.1', '10.0.0.2'] },
      interfaces: { public: [], private: [] },
    });
  });
  it('tells an interface once all of it is known', async () => {
    const attributes = {
      ...{ local_netmask: '255.255.255.0', local_gateway: '10.0.0.254', local_mac: '52:54:00:00:00:07' },
    };
    await edge.call('PATCH', '/api/machines/vm', JSON.stringify({ attributes }));
    const { interfaces } = JSON.parse((await ask('digitalocean/metadata/v1.json'))[1]);
    expect(interfaces.private).toEqual([
      {
        ...{ mac: '52:54:00:00:00:07', type: 'private' },
        ipv4: { ip_address: '10.0.0.7', netmask: '255.255.255.0', gateway: '10.0.0.254' },
      },
    ]);
    await edge.call(
      'PATCH',
      '/api/machines/vm',
      '{"attributes":{"local_netmask":null,"local_gateway":null,"local_mac":null}}',
    );
  });
  it.each([
    ['id', 'vm'],
    ['hostname', 'node-1.example.org'],
    ['region', 'eu'],
    ['public-keys', KEYS.join('\n')],
    ['dns/nameservers', '10.0.0.1\n10.0.0.2'],
    ['interfaces/private/0/ipv4/address', '10.0.0.7'],
  ])('has %s', async (path, answer) => expect(await ask(`digitalocean/metadata/v1/${path}`)).toEqual([200, answer]));
});

describe('env', () => {
  it('is read by a shell as what was given, whatever signs are in it', async () => {
    const [status, text] = await ask('env');
    expect(status).toBe(200);
    const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-env-'));
    writeFileSync(join(folder, 'env'), text);
    const read = (name: string) =>
      spawnSync('sh', ['-c', `. ./env && printf %s "$${name}"`], { cwd: folder, encoding: 'utf8' }).stdout;
    for (const [name, value] of Object.entries({ ...ATTRIBUTES, token: 'se$cret' }))
      expect(read(name.toUpperCase())).toBe(value);
    expect([read('MACHINE_ID'), read('HOSTNAME'), read('COREOS_CUSTOM_PRIVATE_IPV4')]).toEqual([
      ...['vm', 'node-1.example.org', '10.0.0.7'],
    ]);
    rmSync(folder, { recursive: true });
    expect(await ask('env', bare)).toEqual([200, 'MACHINE_ID="bare"\n']);
  });

  it('is written by a unit of the identity layer, where a profile wants it', async () => {
    for (const engine of ['ignition', 'legacy'] as const) {
      await edge.call('PUT', `/api/profiles/${engine}`, JSON.stringify({ engine, metadataUnit: true }));
      const user = config('/user', engine === 'legacy' ? '2.2.0' : '3.3.0');
      const issued = await (await edge.call('PUT', `/api/machines/m-${engine}?profile=${engine}`, user)).json<Issued>();
      const { systemd } = await (await edge.fetchUrl(issued.urls.ignition)).json<{
        systemd: { units: { name: string; enabled: boolean; contents: string }[] };
      }>();
      const [unit] = systemd.units;
      const url = issued.urls.ignition.replace(/ignition$/, 'metadata/env');
      expect(unit).toMatchObject({ name: 'flatcar-edge-metadata.service', enabled: true });
      expect(unit?.contents).toContain(` ${url}\n`);
      expect(unit?.contents).toContain('\nBefore=coreos-metadata.service\n');
      expect((await edge.fetchUrl(url)).status).toBe(200);
      const explained = await (await edge.call('GET', `/api/machines/m-${engine}/explain`)).json<{ parts: object[] }>();
      expect(explained.parts).toContainEqual({ path: 'systemd.units.0.contents', layer: 'identity' });
    }
    expect(await (await edge.call('GET', '/api/profiles/ignition')).json()).toMatchObject({ metadataUnit: true });
  });
});

describe('attributes and labels', () => {
  it('are shown, found, patched and carried over', async () => {
    const put = async (id: string, query: string) =>
      expect((await edge.call('PUT', `/api/machines/${id}?${query}`, '')).status).toBe(200);
    await put('l-1', 'label=rack%3D7&label=role%3Ddb&attribute=a%3Db%3Dc');
    await put('l-2', 'label=rack%3D7');
    await put('l-3', 'label=rack%3D8');
    const found = async (query: string) =>
      (await (await edge.call('GET', `/api/machines?${query}`)).json<{ items: { id: string }[] }>()).items.map(
        ({ id }) => id,
      );
    expect(await found('label.rack=7')).toEqual(['l-1', 'l-2']);
    expect(await found('label.rack=7&label.role=db')).toEqual(['l-1']);
    expect(await found('label.none=x')).toEqual([]);
    expect((await edge.call('GET', '/api/machines?label=rack')).status).toBe(422);
    expect((await edge.call('GET', '/api/machines?labels.rack=7')).status).toBe(422);
    await edge.call('PATCH', '/api/machines/l-1', '{"labels":{"rack":"8","role":null},"attributes":null}');
    expect(await (await edge.call('GET', '/api/machines/l-1')).json()).toMatchObject({
      labels: { rack: '8' },
      attributes: {},
    });
    const lines = await (await edge.call('GET', '/api/machines/export')).text();
    expect(lines).toContain('"labels":{"rack":"8"}');
    expect(await found('label.rack=8')).toEqual(['l-1', 'l-3']);
  });

  it.each([
    ['attribute=Region%3Dx', 'attribute.Region'],
    ['attribute=a%3Db%0Ac', 'attribute.a'],
    ['label=Rack%3D7', 'label.Rack'],
    ['label=a%3D%C3%A9', 'label.a'],
    [`label=a%3D${'x'.repeat(129)}`, 'label.a'],
    [`attribute=a%3D${'x'.repeat(17_000)}`, 'attribute'],
    ['label=a', 'label'],
  ])('that cannot be are refused: %#', async (query, field) => {
    const answer = await edge.call('PUT', `/api/machines/none?${query}`, '');
    const { errors } = await answer.json<{ errors: { field: string }[] }>();
    expect([answer.status, errors[0]?.field]).toEqual([422, field]);
  });

  it.each([
    ['{"labels":{"A":"x"}}', 'labels.A'],
    ['{"attributes":{"a":"b\\nc"}}', 'attributes.a'],
    ['{"vars":{"1":"x"}}', 'vars.1'],
  ])('that cannot be are refused in a patch: %s', async (body, field) => {
    const answer = await edge.call('PATCH', '/api/machines/vm', body);
    const { errors } = await answer.json<{ errors: { field: string }[] }>();
    expect([answer.status, errors[0]?.field]).toEqual([422, field]);
  });
});

it('the table of docs/metadata.md holds: what each platform asks is answered', async () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/metadata.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)` \| `(\w+)` \| `metadata\/(\w+\/)` \| `(\S+)` \| `(\S+)` \|$/gm)];
  expect(rows.map(([, oem]) => oem)).toEqual(['ec2', 'openstack', 'digitalocean']);
  for (const [, , platform, prefix, userData, metadata] of rows) {
    const [status, config] = await ask(`${prefix}${userData}`);
    expect([platform, status, JSON.parse(config).ignition.version]).toEqual([platform, 200, '3.3.0']);
    expect((await ask(`${prefix}${metadata}`))[0]).toBe(200);
  }
});

it('boots are not hidden behind what clients ask of metadata', async () => {
  await edge.fetchUrl(urls.ignition);
  for (let time = 0; time < 30; time += 1) await ask('ec2/latest/meta-data/instance-id');
  await edge.settle();
  const { boots } = await (await edge.call('GET', '/api/machines/vm')).json<{ boots: { what: string }[] }>();
  expect(new Set(boots.map(({ what }) => what))).toEqual(new Set(['ignition']));
});
