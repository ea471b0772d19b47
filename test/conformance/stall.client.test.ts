/** Requests that are made to be expensive do not slow the requests beside them. */
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningEdge, runEdge } from '../support/running-edge.ts';

let edge: RunningEdge;
beforeAll(async () => {
  edge = await runEdge();
});
afterAll(async () => await edge.stop());

const agent = new Agent({ keepAlive: true, maxSockets: 8 });
afterAll(() => agent.destroy());

/** Sends the path as it is: `fetch` would tidy it first. Returns the status, 0 when the connection broke. */
const get = (path: string, via: Agent | undefined = agent): Promise<number> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(edge.url);
    const sent = request({ hostname, port, path, ...(via === undefined ? {} : { agent: via }) }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', () => resolve(0));
    sent.end();
  });

const ODD = ['/', '/.', '//', '%2f', '%25', '.', ';', '%5c', 'boot/', '%62oot/', 'a.', '/boot', '%', ':', '@', '-'];
const LENGTH = 10_000;
const oddPath = (index: number) => {
  const [one = '/', other = '.'] = [ODD[index % ODD.length], ODD[Math.floor(index / ODD.length) % ODD.length]];
  return `/boot${(one + other).repeat(LENGTH).slice(0, LENGTH)}`.replace(/%.?$/, '');
};

/** The median time of some health checks, in milliseconds, one after the other. */
async function medianOfHealth(count: number): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const started = performance.now();
    expect(await get('/healthz', undefined)).toBe(200);
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[count >> 1] ?? 0;
}

describe('1,000 boot URLs of 10,000 odd characters', () => {
  it('are answered, and a health check beside them takes at most 50 ms more than alone', async () => {
    await medianOfHealth(20);
    const extras: number[] = [];
    // Another program on the machine may disturb one round; what is slow by itself is slow in each.
    for (let round = 0; round < 4 && (extras.length === 0 || Math.min(...extras) > 50); round += 1) {
      const alone = await medianOfHealth(20);
      const statuses = Promise.all(Array.from({ length: 1000 }, (_, index) => get(oddPath(index))));
      const beside = await medianOfHealth(40);
      // Where dots lead out of /boot, the answer is that of another page.
      for (const status of await statuses) expect([200, 308, 404, 503]).toContain(status);
      extras.push(beside - alone);
    }
    expect(Math.min(...extras)).toBeLessThan(50);
  });

  it('30 slashes behind a word of our URLs cost what 15 of them cost', async () => {
    const timeOf = async (path: string) => {
      const times: number[] = [];
      for (let index = 0; index < 9; index += 1) {
        const started = performance.now();
        await get(path);
        times.push(performance.now() - started);
      }
      return Math.min(...times);
    };
    for (const word of ['/boot', '/stable/boot', '/api/boot']) {
      const few = await timeOf(`${word}${'/'.repeat(15)}`);
      const many = await timeOf(`${word}${'/'.repeat(30)}`);
      // Exponential work would be 30,000 times as much.
      expect(many / few).toBeLessThan(50);
    }
  });
});
