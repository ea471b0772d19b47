/** The files of tests in workerd share one runtime, which starts once: each file begins with stores that are empty. */
import { env } from 'cloudflare:workers';
import { afterAll, beforeAll } from 'vitest';
import { allSettled } from './background.ts';

beforeAll(async () => {
  for (let listed = await env.RELEASES.list(); listed.objects.length > 0; listed = await env.RELEASES.list())
    await env.RELEASES.delete(listed.objects.map(({ key }) => key));
  for (let listed = await env.MACHINES.list(); listed.keys.length > 0; listed = await env.MACHINES.list())
    await Promise.all(listed.keys.map(({ name }) => env.MACHINES.delete(name)));
});

afterAll(allSettled, 60_000);
