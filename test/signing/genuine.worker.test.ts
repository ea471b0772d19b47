import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { edgeOver, OPERATOR, OPERATOR_TOKEN } from '../support/edge.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

const genuine = inject('genuine');
const VERSION = '1855.4.2';

/** A running edge with the default pin, over an upstream that holds one genuine pair under a path of its own. */
async function edgeWith(pair: string, change?: (tenant: UpstreamTenant, path: string) => Promise<unknown>) {
  const tenant = new UpstreamTenant('genuine');
  const bytes = (name: string) => Uint8Array.from(atob(genuine?.[name] ?? ''), (character) => character.charCodeAt(0));
  const text = bytes(pair);
  const version = /_VERSION=(.*)$/m.exec(new TextDecoder().decode(text))?.[1] ?? VERSION;
  const path = `any/amd64-usr/${version}/version.txt`;
  await tenant.put('key.asc', bytes('flatcar-signing-key.asc'));
  await tenant.put(path, text);
  await tenant.put(`${path}.sig`, bytes(`${pair}.sig`));
  await change?.(tenant, path);
  const vars = {
    OPERATOR_TOKEN,
    CHANNELS: 'any',
    UPSTREAM_URL: tenant.template,
    SIGNING_KEY_URL: tenant.url('key.asc'),
  };
  const edge = edgeOver({ RELEASES: env.RELEASES, MACHINES: env.MACHINES, ...vars });
  const response = await edge.fetch(`/${path}`);
  return {
    status: response.status,
    body: await response.text(),
    signedBy: response.headers.get('x-flatcar-signed-by'),
    edge,
  };
}

describe.skipIf(genuine === null)('genuine Flatcar signatures in the running Worker', () => {
  beforeEach(() => reset());

  it('of 2018-10-05, by a subkey that has expired since, verifies; its version.txt has COREOS_ keys', async () => {
    const answer = await edgeWith('2018-10-05-expired-subkey.version.txt');
    expect(answer).toMatchObject({ status: 200, signedBy: '628CC212938065DAB4E3B949A8ABF005896E394F' });
    expect(answer.body).toContain('COREOS_VERSION=');
  });

  it('does not verify with one changed byte', async () => {
    const answer = await edgeWith('2018-10-05-expired-subkey.version.txt', (tenant, path) => tenant.flip(path, 140));
    expect(answer.status).toBe(502);
    expect(answer.body).toMatch(/^bad-signature/);
  });

  it('of 2018-03-20, by a subkey revoked as compromised, is refused (gpg exits 0 on it)', async () => {
    const answer = await edgeWith('2018-03-19-revoked-subkey.version.txt');
    expect(answer).toMatchObject({
      status: 502,
      body: expect.stringContaining('revoked-key: signed by A621F1DA96C93C639506832D603443A1D0FC498C'),
    });
  });

  it('of 2015, by the CoreOS key with SHA-1, is refused', async () => {
    const answer = await edgeWith('2015-06-coreos-key.version.txt');
    expect(answer).toMatchObject({ status: 502, body: expect.stringMatching(/^(weak-hash|unknown-key)/) });
  });

  it('healthz names the subkey of 2025 and its end', async () => {
    const { edge } = await edgeWith('2018-10-05-expired-subkey.version.txt');
    const health = await (await edge.fetch('/healthz', { headers: OPERATOR })).json();
    expect(health).toMatchObject({
      signingKey: {
        fingerprint: '52F145DFD00BBDCD928CBB5A32DA80F91EF52974',
        expires: expect.stringMatching(/^2027-03-0/),
      },
    });
  });
});
