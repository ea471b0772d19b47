/** A client written to Ignition's contract boots against the Worker. */
import { describe, expect, it } from 'vitest';
import { bootIgnition } from '../support/ignition-client.ts';
import { pathsOf } from '../support/json.ts';
import { config } from '../support/machine-texts.ts';
import { machineEdge } from '../support/operator.ts';

const noWait = async () => undefined;

/** Every third answer or so is a 500 that never reached the Worker. */
function unreliable(send: (url: string, headers: Record<string, string>) => Promise<Response>, part: number) {
  let seed = 12345;
  return async (url: string, headers: Record<string, string>) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed / 2 ** 31 < part ? new Response('upstream', { status: 500 + (seed % 5) }) : await send(url, headers);
  };
}

describe('Ignition', () => {
  it('boots through 30 % injected 5xx, a hundred times, with the right config', async () => {
    const edge = machineEdge();
    await edge.putProfile('c', { base: config('/base') });
    const { urls } = await edge.putMachine('client', config('/user'), '?profile=c');
    const send = unreliable((url, headers) => edge.fetchUrl(url, { headers }), 0.3);
    let requests = 0;
    for (let boot = 0; boot < 100; boot += 1) {
      const booted = await bootIgnition(urls.ignition, send, noWait);
      expect(booted.outcome === 'booted' && pathsOf(booted.config)).toEqual(['/base', '/user']);
      requests += booted.requests;
    }
    expect(requests).toBeGreaterThan(120);
  });

  it('boots through a pointer, whose hash holds, while everything else has moved on', async () => {
    const edge = machineEdge();
    const { pointer } = await edge.putMachine('pointed', config('/frozen'));
    await edge.putMachine('pointed', config('/moved-on'));
    const provider = 'http://cloud.test/user-data';
    const send = async (url: string, headers: Record<string, string>) =>
      url === provider ? Response.json(pointer) : await edge.fetchUrl(url, { headers });
    const booted = await bootIgnition(provider, unreliable(send, 0.3), noWait);
    expect(booted.outcome === 'booted' && pathsOf(booted.config)).toEqual(['/frozen']);
  });

  it('is refused once and for all where that is proven, and never given an empty config', async () => {
    const edge = machineEdge();
    const { urls } = await edge.putMachine('ended', '');
    const send = (url: string, headers: Record<string, string>) => edge.fetchUrl(url, { headers });
    expect(await bootIgnition(urls.ignition, send, noWait)).toMatchObject({ outcome: 'booted' });
    await edge.call('DELETE', '/api/machines/ended');
    expect(await bootIgnition(urls.ignition, send, noWait)).toEqual({
      outcome: 'failed',
      why: 'final 410',
      requests: 1,
    });
  });

  it('is remembered with its version', async () => {
    const edge = machineEdge();
    const { urls } = await edge.putMachine('remembered', '');
    await bootIgnition(urls.ignition, (url, headers) => edge.fetchUrl(url, { headers }), noWait);
    await edge.settle();
    const { boots } = (await (await edge.call('GET', '/api/machines/remembered')).json()) as { boots: object[] };
    expect(boots).toEqual([
      {
        at: expect.stringMatching(/^\d{4}-.*Z$/),
        what: 'ignition',
        status: 200,
        generation: 1,
        sha512: expect.stringMatching(/^[0-9a-f]{128}$/),
        ignition: '2.26.0',
      },
    ]);
  });

  it('that asks again at once is one event more, with how often', async () => {
    const edge = machineEdge();
    const { urls } = await edge.putMachine('again', '');
    for (let time = 0; time < 10; time += 1) await edge.boot(urls.ignition);
    await edge.settle();
    const { boots } = (await (await edge.call('GET', '/api/machines/again')).json()) as { boots: { times?: number }[] };
    expect(boots.map(({ times = 1 }) => times).reduce((sum, times) => sum + times)).toBe(10);
    expect(boots.length).toBeLessThan(4);
  });
});
