/** docs/costs.md counts calls of R2 and KV: here they are counted, and the page must say the same. */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import costs from '../../docs/costs.md?raw';
import { type Edge, OPERATOR, OPERATOR_TOKEN, openEdge } from '../support/edge.ts';
import { config } from '../support/machine-texts.ts';
import { KERNEL, MIB, PAIR } from '../support/release.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';
import { CHECK, monthOf, monthRow, type Spent } from './cost-model.ts';

/** developers.cloudflare.com/r2/pricing: what changes or lists is class A, what reads is class B, deleting is free. */
const CLASS_A = /^(put|list|createMultipartUpload|uploadPart|complete)$/;
const CLASS_B = /^(get|head)$/;

let calls: string[] = [];
/** Notes every call by its name; what a call gives (an upload) is watched too. */
function counted<T extends object>(binding: T, store: string): T {
  return new Proxy(binding, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        calls.push(`${store} ${String(name)}`);
        const given: unknown = Reflect.apply(member, target, args);
        if (name === 'resumeMultipartUpload') return counted(given as object, store);
        return name === 'createMultipartUpload'
          ? (given as Promise<object>).then((upload) => counted(upload, store))
          : given;
      };
    },
  });
}

async function spentOn(edge: Edge, work: () => Promise<unknown>): Promise<Spent> {
  await edge.settle();
  calls = [];
  await work();
  await edge.settle();
  const of = (store: string, pattern: RegExp) =>
    calls.map((call) => call.split(' ')).filter(([at, name = '']) => at === store && pattern.test(name)).length;
  return { a: of('R2', CLASS_A), b: of('R2', CLASS_B), kv: of('KV', /^get/) };
}

let tenant: UpstreamTenant;
const open = () =>
  openEdge(tenant, {
    bindings: { RELEASES: counted(env.RELEASES, 'R2'), MACHINES: counted(env.MACHINES, 'KV') },
    // Pruning is by chance, one event in eight: not in these.
    platform: { random: () => 0.99 },
    vars: {
      OPERATOR_TOKEN,
      CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
      MIRROR: 'stable/amd64-usr',
      MIRROR_FILES: `version.txt,${KERNEL}`,
    },
  });
beforeEach(async () => {
  await reset();
  tenant = new UpstreamTenant('costs');
});

const say = ({ a, b, kv }: Spent) => `${a} | ${b} | ${kv}`;
/** Milliseconds of CPU time of our code for one request in plain Node (test/observability/cpu), rounded up. */
const CPU_MS = { download: 1, boot: 1, check: 1 } as const;
const MINUTES_A_MONTH = 30 * 24 * 60;
/** The page has this row of a month. */
const expectMonth = (what: string, load: ReturnType<typeof monthOf>) => {
  expect.soft(costs).toContain(monthRow(what, load));
};
/** The page has this row. */
const expectRow = (what: string, spent: Spent) => {
  expect.soft(costs).toContain(`| ${what} | ${say(spent)} |`);
};

describe('what the page of costs counts', () => {
  it('mirroring, downloads, a range, a poll', async () => {
    // As large as the page says: it goes up in three parts.
    await tenant.release({ ...PAIR, version: '4593.2.5', files: { [KERNEL]: 20 * MIB }, aliases: ['current'] });
    const edge = await open();
    const mirrored = await spentOn(edge, async () => {
      await edge.fetch('/api/mirrors/stable/amd64-usr/current', { method: 'PUT', headers: OPERATOR });
      expect(await edge.runAll()).toEqual(['complete']);
    });
    expectRow('mirroring a release of two files, 20 MiB', mirrored);
    const path = `/stable/amd64-usr/4593.2.5/${KERNEL}`;
    const read = async (where: string, init?: RequestInit) => (await edge.fetch(where, init)).arrayBuffer();
    expectRow('the first download of a numbered file in an isolate', await spentOn(edge, () => read(path)));
    expectRow('another one within a minute', await spentOn(edge, () => read(path)));
    expectRow(
      'a range of it, within five minutes of its publication',
      await spentOn(edge, () => read(path, { headers: { range: 'bytes=0-9' } })),
    );
    const alias = await spentOn(edge, () => read(`/stable/amd64-usr/current/${KERNEL}`));
    expectRow('the same by an alias', alias);
    expectMonth(
      '1 TB of downloads: 2,000 images of 500 MB by alias',
      monthOf(2_000, alias, { cpuMs: CPU_MS.download, invocations: 2 }),
    );
    const check = (body = CHECK) =>
      edge.fetch('/v1/update/', { method: 'POST', body, headers: { 'content-type': 'text/xml' } });
    expect(await (await check()).text()).toContain('updatecheck');
    await edge.settle();
    const checked = await spentOn(edge, async () => await (await check()).text());
    expectRow('an update check of a machine that is behind', checked);
    const newest = CHECK.replaceAll('4593.2.4', '4593.2.5');
    const found = await spentOn(edge, async () => await (await check(newest)).text());
    expectRow('one that has the newest release', found);
    expectMonth(
      '100,000 machines that ask for updates once in 45 minutes, and find nothing new',
      monthOf((100_000 * MINUTES_A_MONTH) / 45, found, { cpuMs: CPU_MS.check }),
    );
    await edge.poll();
    expectRow('a poll that finds nothing new', await spentOn(edge, () => edge.poll()));
    expectRow('the public page, at most once in 30 s an isolate', await spentOn(edge, () => read('/')));
    expectRow('the metrics, with one job', await spentOn(edge, () => read('/api/metrics', { headers: OPERATOR })));
  });

  it('a boot', async () => {
    const edge = await open();
    const put = (path: string, body: string) => edge.fetch(path, { method: 'PUT', headers: OPERATOR, body });
    await put('/api/profiles/web/base', config('/base'));
    const issued = await (await put('/api/machines/vm-1?profile=web', config('/user'))).json<{
      urls: { ignition: string };
    }>();
    await edge.settle();
    const other = await open();
    const boot = (at: Edge) => async () => expect((await at.fetchUrl(issued.urls.ignition)).status).toBe(200);
    const first = await spentOn(other, boot(other));
    expectRow('a boot in an isolate that does not know the machine', first);
    expectRow('the same machine again', await spentOn(other, boot(other)));
    expectMonth(
      '1 million boots, each in an isolate that does not know the machine',
      monthOf(1e6, first, { cpuMs: CPU_MS.boot }),
    );
  });
});
