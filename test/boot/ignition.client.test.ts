/**
 * The real Ignition fetches and writes, without a virtual machine: it has a mount namespace with a kernel command line of its own. Its
 * providers of clouds ask nginx at the link-local address, in a network namespace.
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ignitionParts } from '../../tools/boot/debian.ts';
import { type FaultProxy, startFaultProxy } from '../../tools/boot/fault-proxy.ts';
import { runIgnition } from '../../tools/boot/ignition.ts';
import { config, type Issued } from '../support/machine-texts.ts';
import { type RunningEdge, runEdge } from '../support/running-edge.ts';

const root = dirname(dirname(import.meta.dirname));
const parts = ignitionParts(join(root, 'dist', 'boot'));
if ('missing' in parts) console.log(`Ignition cannot be run here, for want of ${parts.missing}`);
const { ignition, nginx } = 'missing' in parts ? { ignition: '', nginx: '' } : parts;

describe.skipIf('missing' in parts)('Ignition', { timeout: 120_000 }, () => {
  let edge: RunningEdge;
  let proxy: FaultProxy;
  let count = 0;
  const edgePort = () => Number(new URL(edge.url).port);

  beforeAll(async () => {
    edge = await runEdge({ CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes' });
    const base = config('/etc/base-wrote', '3.3.0', { contents: { source: 'data:,from-base' } });
    expect((await edge.api('/api/profiles/web/base', { method: 'PUT', body: base })).status).toBe(200);
    proxy = await startFaultProxy(edgePort());
  }, 120_000);
  afterAll(async () => {
    await proxy?.close();
    await edge?.stop();
  });

  const text = (contents: string) => config('/etc/user-wrote', '3.3.0', { contents: { source: `data:,${contents}` } });
  const newFolder = () => {
    count += 1;
    const folder = join(edge.folder, `run-${count}`);
    mkdirSync(folder);
    return folder;
  };
  async function put(
    id: string,
    body: string,
    query = '?profile=web',
  ): Promise<Issued & { readonly capability: string }> {
    const answer = await edge.api(`/api/machines/${id}${query}`, { method: 'PUT', body });
    expect(answer.status).toBe(200);
    const issued = (await answer.json()) as Issued;
    return { ...issued, capability: new URL(issued.urls.ignition).pathname.split('/')[2] ?? '' };
  }
  const bootFrom = (url: string, more: { readonly withinMs?: number } = {}) =>
    runIgnition({
      ...{ ignition, folder: newFolder(), platform: 'metal', ...more },
      kernelLine: `flatcar.first_boot=1 ignition.config.url=${url}`,
    });
  const throughProxy = (url: string) => `http://127.0.0.1:${proxy.port}${new URL(url).pathname}`;

  it('boots by the URL: what base and user want is written', async () => {
    const { urls } = await put('by-url', text('from-user'));
    const run = await bootFrom(urls.ignition);
    expect(run.log).toContain('GET result: OK');
    expect([run.code, run.file('/etc/base-wrote'), run.file('/etc/user-wrote')]).toEqual([0, 'from-base', 'from-user']);
  });

  it('boots by the pointer, which stays the old config after a change', async () => {
    const old = await put('by-pointer', text('old'));
    await put('by-pointer', text('new'));
    const pointer = await put('with-pointer', JSON.stringify(old.pointer), '');
    const run = await bootFrom(pointer.urls.ignition);
    expect([run.code, run.file('/etc/base-wrote'), run.file('/etc/user-wrote')]).toEqual([0, 'from-base', 'old']);
    const { boots } = (await (await edge.api('/api/machines/by-pointer')).json()) as { boots: { detail: string }[] };
    expect(boots[0]?.detail).toContain('the pointer is of generation 1, and the machine is at 2');
  });

  it('ends at once at a URL that is revoked', async () => {
    const { urls } = await put('revoked', text('never'));
    expect((await edge.api('/api/machines/revoked/token', { method: 'POST', body: '{"revoke":true}' })).status).toBe(
      200,
    );
    const run = await bootFrom(urls.ignition);
    expect(run.code).not.toBe(0);
    expect(run.log).toContain('GET result: Gone');
    expect(run.file('/etc/user-wrote')).toBe('');
  });

  it.each([
    ['503', { kind: 'status', status: 503 }],
    ['500', { kind: 'status', status: 500 }],
  ] as const)('boots after %s twice', async (_name, fault) => {
    const { urls } = await put('spoilt', text('late'));
    proxy.spoil(/\/ignition$/, fault, 2);
    const run = await bootFrom(throughProxy(urls.ignition));
    expect([run.code, run.file('/etc/user-wrote')]).toEqual([0, 'late']);
  });

  it('takes a config of 1 MB', async () => {
    const long = 'x'.repeat(1_000_000);
    const { urls } = await put('long', text(long));
    const run = await bootFrom(urls.ignition);
    expect([run.code, run.file('/etc/user-wrote').length]).toEqual([0, long.length]);
  });

  const CLOUDS = { openstack: 'openstack', aws: 'ec2', digitalocean: 'digitalocean' } as const;
  const bootIn = (platform: keyof typeof CLOUDS, capability: string, withinMs?: number) =>
    runIgnition({
      ...{ ignition, folder: newFolder(), platform, kernelLine: 'flatcar.first_boot=1' },
      ...(withinMs === undefined ? {} : { withinMs }),
      cloud: { nginx, prefix: `/boot/${capability}/metadata/${CLOUDS[platform]}/`, edgePort: edgePort() },
    });

  it.each(Object.keys(CLOUDS) as (keyof typeof CLOUDS)[])('as the provider of %s gets its config', async (platform) => {
    const { capability } = await put(`in-${platform}`, text(platform));
    const run = await bootIn(platform, capability);
    expect(run.log).toContain('http://169.254.169.254/');
    expect([run.code, run.file('/etc/base-wrote'), run.file('/etc/user-wrote')]).toEqual([0, 'from-base', platform]);
  });

  it.each(Object.keys(CLOUDS) as (keyof typeof CLOUDS)[])(
    'of %s never takes a capability that is lost for "no config"',
    async (platform) => {
      const run = await bootIn(platform, 'vm.lost.lost.0.lost', 3000);
      expect(run.code).toBeNull();
      expect(run.log).toMatch(/(?:GET|PUT) result: Service Unavailable/);
      expect(run.log).not.toContain('config was empty');
    },
  );
});
