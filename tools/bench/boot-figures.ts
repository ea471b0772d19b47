/** Measures boots per second. The bare Worker makes the same reads from the stores and returns the result. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startDev } from '../wrangler-dev.ts';
import { atLeast, type Figure, median } from './figure.ts';

const RUNS = 7;
const REQUESTS = 400;
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

/** Returns `ignition_vs_bare_reads`: the boots per second of the edge, divided by those of the bare Worker. */
export async function bootFigures(root: string): Promise<Record<string, Figure>> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-bench-'));
  const secrets = { OPERATOR_TOKEN: TOKEN, CAPABILITY_SECRET: 'capability-secret-of-the-benchmark' };
  const edge = await startDev({
    port: await freePort(),
    vars: secrets,
    persistTo: join(folder, 'edge'),
    logFile: join(folder, 'edge.log'),
    readyPath: '/boot/',
  });
  const bare = await startDev({
    port: await freePort(),
    config: join(root, 'tools', 'bench', 'wrangler.toml'),
    vars: {},
    persistTo: join(folder, 'bare'),
    logFile: join(folder, 'bare.log'),
    readyPath: '/',
  });
  try {
    const put = async (path: string, body: string) =>
      await fetch(`${edge.url}${path}`, { method: 'PUT', body, headers: { authorization: `Bearer ${TOKEN}` } });
    await put('/api/profiles/p/base', config('base'));
    const issued = (await (await put('/api/machines/vm?profile=p', config('user'))).json()) as {
      urls: { ignition: string };
    };
    const whole = await (await fetch(issued.urls.ignition)).text();
    for (const name of ['vm-machine', 'vm-profile']) {
      await fetch(`${bare.url}/keep/${name}`, { method: 'PUT', body: whole });
    }
    const speeds = { bare: [] as number[], edge: [] as number[] };
    for (let run = 0; run <= RUNS; run += 1) {
      for (const [name, url] of [
        ['bare', `${bare.url}/reads/vm`],
        ['edge', issued.urls.ignition],
      ] as const) {
        const speed = await requestsPerSecond(url, whole.length);
        if (run > 0) speeds[name].push(speed);
      }
    }
    console.log(`  bare ${median(speeds.bare).toFixed(0)} boots/s, edge ${median(speeds.edge).toFixed(0)} boots/s`);
    return { ignition_vs_bare_reads: atLeast(median(speeds.edge) / median(speeds.bare), 'x', 0.8) };
  } finally {
    await Promise.all([edge.stop(), bare.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function requestsPerSecond(url: string, length: number): Promise<number> {
  const began = performance.now();
  let remaining = REQUESTS;
  const client = async () => {
    while (remaining > 0) {
      remaining -= 1;
      const text = await (await fetch(url)).text();
      if (text.length !== length) throw new Error(`${url} answered ${text.length} characters, not ${length}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return (REQUESTS / (performance.now() - began)) * 1000;
}
