/** How much CPU time a request takes in plain Node: printed, for docs/costs.md says it. A processor that is busy decides nothing here. */
import { describe, expect, it } from 'vitest';
import { config } from '../support/machine-texts.ts';
import { nodeEdge } from '../support/node-edge.ts';
import { CHECK } from './cost-model.ts';

const REQUESTS = 200;

describe('the CPU time of a request', () => {
  it('is printed for a download by alias, a boot and an update check', async () => {
    const edge = await nodeEdge();
    await edge.mirror('4593.2.5');
    await edge.call('PUT', '/api/profiles/web/base', config('/base'));
    const put = await edge.call('PUT', '/api/machines/vm?profile=web', config('/user'));
    const { urls } = await put.json<{ urls: { ignition: string } }>();
    const spent: Record<string, number> = {};
    for (const [name, ask] of Object.entries({
      download: () => edge.fetch('/stable/amd64-usr/current/flatcar_production_pxe.vmlinuz'),
      boot: () => edge.fetchUrl(urls.ignition),
      check: () => edge.fetch('/v1/update/', { method: 'POST', body: CHECK, headers: { 'content-type': 'text/xml' } }),
    })) {
      await (await ask()).arrayBuffer();
      const before = process.cpuUsage();
      for (let turn = 0; turn < REQUESTS; turn += 1) expect((await ask()).status).toBe(200);
      const { user, system } = process.cpuUsage(before);
      spent[name] = (user + system) / 1000 / REQUESTS;
    }
    console.log(
      Object.entries(spent)
        .map(([name, ms]) => `${name}: ${ms.toFixed(2)} ms of CPU time`)
        .join(', '),
    );
  });
});
