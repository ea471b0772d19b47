/** The gate over thousands of machines (10,000 with THOROUGH=1): what it costs to go through all of them. */
import { expect, it } from 'vitest';
import { memoryBucket } from '../support/memory-bucket.ts';
import { nodeEdge } from '../support/node-edge.ts';
import { casesOf } from '../support/thorough.ts';

const PAIR = 'stable/amd64-usr';
const [OLD, NEW] = ['4593.2.4', '4593.2.5'];
const KERNEL = 'flatcar_production_pxe.vmlinuz';
const PACKAGES = 'flatcar_production_image_packages.txt';
const MACHINES = casesOf(10_000, 2_000);
const AT_ONCE = 50;
/** A minute for 10,000. */
const MOST_CPU_MS = MACHINES * 6;

it(`goes through ${MACHINES} machines, each with its own user data, in far less than 6 ms of CPU each`, async () => {
  const { r2 } = memoryBucket({ now: Date.now });
  const calls = new Map<string, number>();
  const counted = new Proxy(r2, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
        return Reflect.apply(value, target, given) as unknown;
      };
    },
  });
  const edge = await nodeEdge({
    over: counted,
    versions: [OLD, NEW],
    filesOf: (version) => ({
      [KERNEL]: 300,
      [PACKAGES]: `sys-apps/ignition-${version === NEW ? '2.14.0' : '2.24.0'}\n`,
    }),
    vars: { MIRROR_FILES: [KERNEL, PACKAGES].join() },
  });
  await edge.mirror(OLD);
  const put = async (path: string, body: string) => {
    const answer = await edge.call('PUT', path, body);
    if (!answer.ok) throw new Error(await answer.text());
  };
  await put('/api/profiles/web/base', base());
  for (let at = 0; at < MACHINES; at += AT_ONCE)
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, one) => put(`/api/machines/vm-${at + one}?profile=web`, userData(at + one))),
    );
  await edge.settle();
  calls.clear();
  const before = process.cpuUsage();
  await edge.mirror(NEW);
  await edge.runLooks();
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1000;
  const alias = await (await edge.call('GET', `/api/aliases/${PAIR}/current`)).json<{ version: string }>();
  console.log(
    `gate: ${MACHINES} machines composed for another Ignition in ${Math.round(cpuMs)} ms of CPU (${(cpuMs / MACHINES).toFixed(2)} ms each); store calls: ${[...calls].map(([name, count]) => `${name} ${count}`).join(', ')}`,
  );
  expect(alias.version).toBe(NEW);
  expect(cpuMs).toBeLessThan(MOST_CPU_MS);
  // One read a machine, a list a page, and little else.
  expect(calls.get('get')).toBeLessThan(MACHINES * 1.05);
  expect([...calls].reduce((sum, [, count]) => sum + count, 0)).toBeLessThan(MACHINES * 1.1);
}, 600_000);

/** A base with as much in it as one in use: units, files, users. */
const base = (): string =>
  JSON.stringify({
    ignition: { version: '3.3.0' },
    systemd: {
      units: Array.from({ length: 10 }, (_, at) => ({
        name: `unit-${at}.service`,
        enabled: true,
        contents: '[Service]\nExecStart=/bin/true\n',
      })),
    },
    storage: {
      files: Array.from({ length: 10 }, (_, at) => ({ path: `/etc/base-${at}`, contents: { source: `data:,${at}` } })),
    },
  });

const userData = (at: number): string =>
  JSON.stringify({
    ignition: { version: '3.3.0' },
    passwd: { users: [{ name: 'core', sshAuthorizedKeys: [`ssh-ed25519 AAAA${at} user`] }] },
    storage: { files: [{ path: '/etc/hostname', mode: 420, contents: { source: `data:,vm-${at}` } }] },
  });
