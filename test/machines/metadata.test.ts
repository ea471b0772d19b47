/** User data as clouds' own clients ask for it, behind a link-local proxy: no 404 for what cannot be proven. */
import { beforeAll, describe, expect, it } from 'vitest';
import { config } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

let edge: NodeEdge;
let prefix: string;
beforeAll(async () => {
  edge = await nodeEdge();
  await edge.call('PUT', '/api/profiles/web/base', config('/base'));
  const issued = await edge.call('PUT', '/api/machines/vm?profile=web', config('/user'));
  const { urls } = await issued.json<{ urls: { ignition: string } }>();
  prefix = new URL(urls.ignition).pathname.replace(/ignition$/, 'metadata');
});

const PATHS = [
  'ec2/latest/user-data',
  'ec2/2019-10-01/user-data',
  'openstack/latest/user_data',
  'openstack/openstack/latest/user_data',
  'openstack/2012-08-10/user_data',
  'digitalocean/metadata/v1/user-data',
];

describe('user data', () => {
  it.each(PATHS)('%s is the merged config', async (path) => {
    const answer = await edge.fetch(`${prefix}/${path}`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ storage: { files: [{ path: '/base' }, { path: '/user' }] } });
  });

  it('is 410 once the machine is deleted, and 503 while its record is lost', async () => {
    const other = await nodeEdge();
    const issued = await other.call('PUT', '/api/machines/vm', config('/user'));
    const { urls } = await issued.json<{ urls: { ignition: string } }>();
    const path = `${new URL(urls.ignition).pathname.replace(/ignition$/, 'metadata')}/openstack/latest/user_data`;
    await other.call('DELETE', '/api/machines/vm');
    expect((await other.fetch(path)).status).toBe(410);
    const empty = await nodeEdge();
    expect((await empty.fetch(path)).status).toBe(503);
  });
});

describe('a capability that cannot be read', () => {
  const forged = ['x', 'vm.e.n.0.mac', '', 'vm%2e', 'vm'];
  it.each([...PATHS, 'ec2/latest/meta-data/hostname', 'nothing', '', '%2f'])(
    'is 503 at %s, never 404',
    async (path) => {
      for (const capability of [...forged, `${prefix.split('/')[2]}x`]) {
        const answer = await edge.fetch(`/boot/${capability}/metadata/${path}`);
        expect([capability, answer.status, answer.headers.get('retry-after')]).toEqual([capability, 503, '5']);
      }
    },
  );
  it('is 503 to a PUT as well, and where the secret is another one', async () => {
    expect((await edge.fetch('/boot/x/metadata/ec2/latest/api/token', { method: 'PUT' })).status).toBe(503);
    const other = await nodeEdge({ vars: { CAPABILITY_SECRET: 'another-secret-of-at-least-32-bytes!' } });
    expect((await other.fetch(`${prefix}/openstack/latest/user_data`)).status).toBe(503);
  });
});

it('gives an EC2 client the token that it wants first', async () => {
  const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' };
  const token = await edge.fetch(`${prefix}/ec2/latest/api/token`, { method: 'PUT', headers });
  expect([
    token.status,
    token.headers.get('x-aws-ec2-metadata-token-ttl-seconds'),
    (await token.text()).length > 0,
  ]).toEqual([...[200, '21600', true]]);
  expect((await edge.fetch(`${prefix}/ec2/latest/api/token`, { method: 'PUT' })).status).toBe(400);
  expect((await edge.fetch(`${prefix}/ec2/latest/api/token`, { method: 'POST', headers })).status).toBe(405);
});

it.each([
  'ec2/latest/meta-data/nothing',
  'ec2/latest/dynamic/instance-identity/document',
  'openstack/latest/meta-data/nothing',
])('says 404 at %s, which a good capability proves to be unset', async (path) => {
  expect((await edge.fetch(`${prefix}/${path}`)).status).toBe(404);
});

it.each([
  'latest/user-data',
  'openstak/latest/user_data',
  'ec2/1.0/user-data',
  'openstack/latest/userdata',
  'hetzner/v1/userdata',
  'computeMetadata/v1/instance/attributes/user-data',
  '',
  'ec2/latest/user%2Ddata',
  'ec2/latest/us%65r-data',
  'ec2/latest/us/er-data',
  'ec2/latest/user..data',
  'openstack/openstack/latest/user%5Fdata',
  ...['openstack/openstack/latest/', 'digitalocean/metadata/v1', 'digitalocean/metadata/v1/', 'env/', 'ENV', 'ec2'],
])('says 503 at %s: a proxy that maps otherwise proves nothing', async (path) => {
  expect((await edge.fetch(`${prefix}/${path}`)).status).toBe(503);
});

it.each([
  ['the prefix without metadata/', () => prefix.replace(/metadata$/, 'openstack/latest/user_data')],
  ['an escaped slash behind it', () => `${prefix}%2Fec2/latest/user-data`],
  ['it in another spelling', () => `${prefix.replace('metadata', 'met%61data')}/ec2/latest/user-data`],
  ['it in capitals', () => `${prefix.replace('metadata', 'Metadata')}/ec2/latest/us%65r-data`],
  ['the origin itself', () => '/openstack/latest/user_data'],
  ['the origin of EC2', () => '/2019-10-01/user-data'],
  ['the origin of DigitalOcean', () => '/metadata/v1/user-data'],
  ['the origin of Hetzner', () => '/hetzner/v1/userdata'],
])('says 503 where a proxy leads to %s', async (_name, path) => {
  const answer = await edge.fetch(path());
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
});
