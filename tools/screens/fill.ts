/** Fills a running edge with what a distributor has after some weeks, through its API alone, so that its pages have something to show. */
import type { PrivateKey } from 'openpgp';
import { makeRelease } from '../release-server/release.ts';
import type { Tenant } from '../release-server/tenant.ts';

export interface Filled {
  readonly url: string;
  readonly token: string;
  readonly upstream: Tenant;
  readonly key: PrivateKey;
}

const MIB = 1024 * 1024;
const PAIR = 'stable/amd64-usr';
export const VERSIONS = ['4593.2.3', '4593.2.4', '4593.2.5'] as const;
const FILES = {
  'flatcar_production_image.bin.bz2': 6 * MIB,
  'flatcar_production_pxe.vmlinuz': MIB,
  'flatcar_production_pxe_image.cpio.gz': 2 * MIB,
};

/** A base that says where each part comes from, as people write one. */
const BASE = `variant: flatcar
version: 1.1.0
# Every web server has this.
storage:
  files:
    - path: /etc/motd
      contents:
        inline: Welcome. This machine belongs to the web tier.
systemd:
  units:
    - name: node-exporter.service
      enabled: true
      contents: |
        [Service]
        ExecStart=/usr/bin/docker run --rm prom/node-exporter
        [Install]
        WantedBy=multi-user.target
`;
const USER = JSON.stringify({
  ignition: { version: '3.4.0' },
  storage: { files: [{ path: '/etc/hostname', mode: 420, contents: { source: 'data:,web' } }] },
});

/** Makes calls with the operator token; a refused one is an error. */
function caller({ url, token }: Filled) {
  return async (method: string, path: string, body?: string): Promise<string> => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text;
  };
}

/** Puts releases upstream and mirrors them; the last one is `current`, one is quarantined, and one fails. */
export async function fillReleases(edge: Filled): Promise<void> {
  const call = caller(edge);
  for (const version of [...VERSIONS, '4593.2.6']) {
    for (const [name, bytes] of await makeRelease({ version, files: FILES, key: edge.key })) {
      const isBad = version === '4593.2.6' && name === 'flatcar_production_image.bin.bz2';
      edge.upstream.put(`${PAIR}/${version}/${name}`, isBad ? Buffer.concat([bytes.subarray(1), Buffer.of(0)]) : bytes);
    }
    edge.upstream.aliases.set(`${PAIR}/current`, version === '4593.2.6' ? '4593.2.5' : version);
    await call('PUT', `/api/mirrors/${PAIR}/${version}`);
    await ended(call, version);
  }
  await call(
    'DELETE',
    `/api/releases/${PAIR}/4593.2.3?reason=${encodeURIComponent('its kernel does not see NVMe disks')}`,
  );
  await call('PUT', `/api/aliases/${PAIR}/canary`, '{"follows":"current","after":"P0D"}');
  await call('PUT', `/api/aliases/${PAIR}/prod`, '{"follows":"current","after":"P7D"}');
}

async function ended(call: ReturnType<typeof caller>, version: string): Promise<void> {
  for (;;) {
    const { state } = JSON.parse(await call('GET', `/api/mirrors/${PAIR}/${version}`)) as { state: string };
    if (state !== 'queued' && state !== 'running') return;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** Makes profiles, machines in every state, and a fleet with a machine that waits. */
export async function fillMachines(edge: Filled): Promise<void> {
  const call = caller(edge);
  await call('PUT', '/api/profiles/web', '{"engine":"ignition"}');
  await call('PUT', '/api/profiles/web/base', BASE);
  await call('PUT', '/api/profiles/db', '{"engine":"ignition","kernelArgs":["flatcar.oem.id=openstack"]}');
  const urls = new Map<string, string>();
  for (let number = 1; number <= 24; number += 1) {
    const id = `web-${String(number).padStart(2, '0')}`;
    const answer = await call('PUT', `/api/machines/${id}?profile=web&label=rack=${1 + (number % 4)}`, USER);
    urls.set(id, (JSON.parse(answer) as { urls: { ignition: string } }).urls.ignition);
  }
  for (const [id, ignition] of urls) if (id < 'web-20') await fetch(ignition);
  // A few are stale, one has something of its own.
  await call('PUT', '/api/machines/web-03/user-data', USER.replace('web', 'web-03'));
  await call('PUT', '/api/machines/db-1?profile=db&once=1', '');
  await call('PUT', '/api/machines/db-2?profile=db&expires_in=3600', '#cloud-config\nhostname: db-2\n');
  const fleet = JSON.parse(await call('PUT', '/api/fleets/room-1', '{"profiles":["web"]}')) as {
    urls: { ipxe: string };
  };
  for (const at of [1, 2]) await fetch(`${fleet.urls.ipxe}?mac=52:54:00:00:00:0${at}&serial=AB1${at}`);
  await call('PUT', '/api/tokens/pipeline', '{"may":["read","release"]}');
}
