/** Measures boots. The bare Worker makes the same reads from the stores and returns the result. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atLeast, type Figure } from './figure.ts';
import { drain, repeated, speedOf, text } from './rig.ts';
import { Runtimes } from './runtimes.ts';

const AT_ONCE = 8;
const TOKEN = 'operator-token-of-the-benchmark-here';

/** Returns a config of about 4 KB like that of a usual machine, with some files, a unit and a key. */
const config = (name: string) =>
  JSON.stringify({
    ignition: { version: '3.3.0' },
    passwd: { users: [{ name: 'core', sshAuthorizedKeys: [`ssh-ed25519 ${'A'.repeat(68)} ${name}`] }] },
    storage: {
      files: Array.from({ length: 12 }, (_, index) => ({
        path: `/etc/${name}/${index}.conf`,
        mode: 420,
        contents: { source: `data:,${'setting%3D1%0A'.repeat(12)}` },
      })),
    },
    systemd: {
      units: [{ name: `${name}.service`, enabled: true, contents: '[Service]\nExecStart=/x\n[Install]\nWantedBy=a\n' }],
    },
  });

/** Returns the config of a machine that has everything: 2,000 files, about 400 KB. */
const largeConfig = (name: string) =>
  JSON.stringify({
    ignition: { version: '3.3.0' },
    storage: {
      files: Array.from({ length: 2000 }, (_, index) => ({
        path: `/etc/${name}/${index}.conf`,
        mode: 420,
        contents: { source: `data:,setting%20${index}%3D${'x'.repeat(80)}%0A` },
      })),
    },
  });

/** Returns how fast machines boot: a usual one, one of 2,000 files, and one by the URL of its fleet. */
export async function bootFigures(root: string): Promise<Record<string, Figure>> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-bench-'));
  const runtimes = new Runtimes(folder, root);
  const secrets = { OPERATOR_TOKEN: TOKEN, CAPABILITY_SECRET: 'capability-secret-of-the-benchmark' };
  const edge = await runtimes.start('edge', { vars: secrets });
  const bare = await runtimes.start('bare');
  const put = async (path: string, body: string) =>
    JSON.parse(
      await text(`${edge.url}${path}`, { method: 'PUT', body, headers: { authorization: `Bearer ${TOKEN}` } }),
    ) as { urls: { ignition: string; ipxe: string } };
  const keep = async (name: string, body: string) => {
    for (const kind of ['machine', 'profile']) await text(`${bare.url}/keep/${name}-${kind}`, { method: 'PUT', body });
  };
  const local = (url: string) => `${edge.url}${new URL(url).pathname}${new URL(url).search}`;
  try {
    const figures: Record<string, Figure> = {};
    for (const [name, make, requests, goal] of [
      ['boot_vs_bare_reads', config, 600, 0.95],
      ['boot_2000_files_vs_bare_reads', largeConfig, 100, 0.9],
    ] as const) {
      await put(`/api/profiles/${name}/base`, make('base'));
      const url = local((await put(`/api/machines/${name}?profile=${name}`, make('user'))).urls.ignition);
      const whole = await text(url);
      await keep(name, whole);
      const speed = await speedOf(
        many(url, whole.length, requests),
        many(`${bare.url}/reads/${name}`, whole.length, requests),
      );
      say(name, speed);
      figures[name] = atLeast(speed.ratio, 'x', goal);
    }
    const { urls } = await put('/api/fleets/room', JSON.stringify({ version: '4593.2.5', unknown: 'refuse' }));
    const machine = await put('/api/machines/known?fleet=room&mac=52:54:00:00:00:01&version=4593.2.5', '');
    const own = local(machine.urls.ipxe);
    const ofFleet = `${local(urls.ipxe)}?mac=52:54:00:00:00:01`;
    const [ownLength, fleetLength] = [(await text(own)).length, (await text(ofFleet)).length];
    const fleet = await speedOf(many(ofFleet, fleetLength, 600), many(own, ownLength, 600));
    say('script by the URL of a fleet, beside its own', fleet);
    figures['fleet_boot_vs_own_url'] = atLeast(fleet.ratio, 'x', 0.8);
    return figures;
  } finally {
    await Promise.all([edge.stop(), bare.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

const many = (url: string, length: number, requests: number) => () =>
  repeated(requests, AT_ONCE, () => drain(url, length));

const say = (what: string, { edgeMs, bareMs }: { edgeMs: number; bareMs: number }) =>
  console.log(`  ${what}: ${bareMs.toFixed(0)} ms, edge ${edgeMs.toFixed(0)} ms`);
