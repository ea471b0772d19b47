import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../src/shared/bytes.ts';
import { type Edge, openEdge } from '../support/edge.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

const OLD = 'the-old-webhook-secret-of-32-bytes';
const NEW = 'the-new-webhook-secret-of-32-bytes';
const ENCODED = `whsec_${btoa('a binary secret of thirty-two by')}`;
const VARS = { WEBHOOK_SECRET: `${NEW},${OLD},${ENCODED}`, MIRROR: 'stable/amd64-usr,stable/arm64-usr,beta/amd64-usr' };
const text = (value: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(value));

let edge: Edge;
beforeEach(async () => {
  await reset();
  edge = await openEdge(new UpstreamTenant('hook'), { vars: VARS });
});

async function hmac(secret: Uint8Array<ArrayBuffer>, body: string): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, text(body)));
}

const release = (tag: string, more: object = {}) => ({
  action: 'published',
  release: { tag_name: tag, draft: false, ...more },
});

async function github(body: string, { secret = NEW, event = 'release' } = {}) {
  const signature = `sha256=${toHex(await hmac(text(secret), body))}`;
  const headers = {
    'x-hub-signature-256': signature,
    'x-github-event': event,
    'content-type': 'application/x-www-form-urlencoded',
  };
  return await edge.fetch('/webhooks/github', { method: 'POST', body, headers });
}

async function standard(body: string, { secret = NEW, id = 'msg_1', at = Date.now() } = {}) {
  const timestamp = String(Math.floor(at / 1000));
  const key = secret.startsWith('whsec_') ? text(atob(secret.slice(6))) : text(secret);
  const signature = `v1,${btoa(String.fromCharCode(...(await hmac(key, `${id}.${timestamp}.${body}`))))}`;
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
  return await edge.fetch('/webhooks/release', { method: 'POST', body, headers });
}

const started = () => edge.launched.map(({ channel, board, version }) => `${channel}/${board}/${version}`).sort();

describe('/webhooks/github', () => {
  it('one job for every MIRROR pair of the channel', async () => {
    const response = await github(JSON.stringify(release('stable-4593.2.5')));
    expect(response.status).toBe(202);
    expect((await response.json<{ jobs: unknown[] }>()).jobs).toHaveLength(2);
    expect(started()).toEqual(['stable/amd64-usr/4593.2.5', 'stable/arm64-usr/4593.2.5']);
  });

  it.each([NEW, OLD])('takes each of the secrets', async (secret) => {
    expect((await github(JSON.stringify(release('beta-4757.1.0')), { secret })).status).toBe(202);
    expect(started()).toEqual(['beta/amd64-usr/4757.1.0']);
  });

  it('a replay joins: 202, nothing twice', async () => {
    const body = JSON.stringify(release('beta-4757.1.0'));
    await Promise.all(Array.from({ length: 20 }, () => github(body)));
    expect((await github(body)).status).toBe(202);
    expect(started()).toEqual(['beta/amd64-usr/4757.1.0']);
  });

  it.each([
    ['a draft', release('stable-4593.2.5', { draft: true }), 'release'],
    ['a nightly tag', release('main-4799.0.0-nightly-20260821-2100'), 'release'],
    ['a developer tag', release('stable-4593.2.5-INTERMEDIATE'), 'release'],
    ['another action', { ...release('stable-4593.2.5'), action: 'created' }, 'release'],
    ['a tag of a version of another channel', release('stable-4790.0.0'), 'release'],
    ['a channel that is not mirrored', release('alpha-4790.0.0'), 'release'],
    ['a push', { ref: 'refs/tags/stable-4593.2.5' }, 'push'],
    ['a release without a tag', { action: 'published' }, 'release'],
  ])('%s: signed, 202 and ignored', async (_name, body, event) => {
    const response = await github(JSON.stringify(body), { event });
    expect([response.status, Object.keys(await response.json<object>())]).toEqual([202, ['ignored']]);
    expect(started()).toEqual([]);
  });

  it('ping: 200', async () => {
    expect((await github('{"zen":"…"}', { event: 'ping' })).status).toBe(200);
  });

  it('invalid JSON, signed: 400', async () => {
    const response = await github('{');
    expect([response.status, response.headers.get('content-type')]).toEqual([400, 'application/problem+json']);
  });

  it.each([
    [
      'a wrong secret',
      () => github(JSON.stringify(release('stable-4593.2.5')), { secret: 'a-wrong-webhook-secret-of-32-bytes' }),
    ],
    [
      'no signature',
      () => edge.fetch('/webhooks/github', { method: 'POST', body: '{}', headers: { 'x-github-event': 'ping' } }),
    ],
    [
      'nonsense for a signature',
      () =>
        edge.fetch('/webhooks/github', { method: 'POST', body: '{}', headers: { 'x-hub-signature-256': 'sha256=zz' } }),
    ],
    [
      'SHA-1',
      () => edge.fetch('/webhooks/github', { method: 'POST', body: '{}', headers: { 'x-hub-signature': 'sha1=00' } }),
    ],
  ])('%s: 401, no job', async (_name, send) => {
    expect((await send()).status).toBe(401);
    expect(started()).toEqual([]);
  });

  it('10 MB: 413 before anything else', async () => {
    const response = await edge.fetch('/webhooks/github', { method: 'POST', body: 'x'.repeat(10_000_000) });
    expect(response.status).toBe(413);
  });

  it('other methods: 405 with Allow', async () => {
    const response = await edge.fetch('/webhooks/github');
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('without a secret in the configuration nobody is believed', async () => {
    edge = await openEdge(new UpstreamTenant('hook'));
    expect((await github(JSON.stringify(release('stable-4593.2.5')))).status).toBe(401);
  });
});

describe('/webhooks/release', () => {
  it.each([NEW, OLD, ENCODED])('takes each of the secrets, plain or whsec_', async (secret) => {
    const response = await standard(JSON.stringify({ channel: 'beta', version: '4757.1.0' }), { secret });
    expect(response.status).toBe(202);
    expect(started()).toEqual(['beta/amd64-usr/4757.1.0']);
  });

  it('takes what another edge announces of a release that it published', async () => {
    const data = { channel: 'stable', board: 'arm64-usr', version: '4593.2.5', publishedAt: 'x', files: {}, added: [] };
    const told = (type: string) => JSON.stringify({ type, timestamp: '2026-11-28T06:00:00.000Z', data });
    expect((await standard(told('release.published'))).status).toBe(202);
    expect(started()).toEqual(['stable/arm64-usr/4593.2.5']);
    const other = await standard(told('release.quarantined'));
    expect([other.status, await other.json()]).toEqual([202, { ignored: 'another event' }]);
    expect(started()).toHaveLength(1);
  });

  it.each([
    ['nightly', 'amd64-usr', '4593.2.5', 'nightly is not served here'],
    ['stable', 'riscv-usr', '4593.2.5', 'riscv-usr is not served here'],
    ['stable', 'amd64-usr', '4790.0.0', '4790.0.0 is not of channel stable'],
  ])('ignores what another edge announces of %s/%s/%s, which would be sent again for ever', async (...row) => {
    const [channel, board, version, why] = row;
    const answer = await standard(JSON.stringify({ type: 'release.published', data: { channel, board, version } }));
    expect([answer.status, await answer.json()]).toEqual([202, { ignored: why }]);
    expect(started()).toEqual([]);
  });

  it('a board names one pair', async () => {
    await standard(JSON.stringify({ channel: 'stable', version: '4593.2.5', board: 'arm64-usr' }));
    expect(started()).toEqual(['stable/arm64-usr/4593.2.5']);
  });

  it('a replayed id joins', async () => {
    const body = JSON.stringify({ channel: 'beta', version: '4757.1.0' });
    expect([(await standard(body)).status, (await standard(body)).status]).toEqual([202, 202]);
    expect(started()).toHaveLength(1);
  });

  it.each([
    ['a timestamp six minutes old', { at: Date.now() - 360_000 }],
    ['a timestamp six minutes ahead', { at: Date.now() + 360_000 }],
    ['a wrong secret', { secret: 'a-wrong-webhook-secret-of-32-bytes' }],
  ])('%s: 401', async (_name, options) => {
    expect((await standard(JSON.stringify({ channel: 'beta', version: '4757.1.0' }), options)).status).toBe(401);
    expect(started()).toEqual([]);
  });

  it('no headers: 401', async () => {
    expect((await edge.fetch('/webhooks/release', { method: 'POST', body: '{}' })).status).toBe(401);
  });

  it.each([
    ['{', 400, /JSON/],
    ['{}', 422, /channel/],
    ['{"type":"release.published","data":7}', 422, /^data:/],
    ['{"channel":"stable","version":"4593.2.5","type":"x"}', 422, /type/],
    ['{"type":"release.published","data":{"channel":"stable"}}', 422, /^data.version:/],
    ['{"channel":"nightly","version":"1.2.3"}', 422, /^channel: nightly/],
    ['{"channel":"stable","version":"latest"}', 422, /^version:/],
    ['{"channel":"stable","version":"4790.0.0"}', 422, /^version: 4790.0.0 is not of channel stable/],
    ['{"channel":"stable","version":"4593.2.5","board":"riscv-usr"}', 422, /^board: riscv-usr/],
  ])('%s: %i with the name of the field', async (body, status, detail) => {
    const response = await standard(body);
    const problem = await response.json<{ detail: string }>();
    expect([response.status, problem.detail]).toEqual([status, expect.stringMatching(detail)]);
    expect(await env.RELEASES.list({ prefix: 'status/' })).toMatchObject({ objects: [] });
  });
});
