/** The API document against the API: every call is made, every answer is of the documented shape, every refusal is listed. */
import { reset } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import type * as z from 'zod';

import { type ApiClient, apiClient, type CallAnswer, type CallInput, type CallName } from '../../src/api/api-client.ts';
import { type Call, problem, type Refusal } from '../../src/api/contract/call.ts';
import { contract } from '../../src/api/contract/contract.ts';
import { toBase64 } from '../../src/shared/bytes.ts';
import { type Edge, OPERATOR_TOKEN, openEdge } from '../support/edge.ts';
import { config } from '../support/machine-texts.ts';
import { KERNEL, PAIR } from '../support/release.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

const RELEASE = { ...PAIR, version: '4593.2.5' };
const ALIAS = { ...PAIR, alias: 'current' };
const calls: Readonly<Record<string, Call>> = contract;

let tenant: UpstreamTenant;
let edge: Edge;
let client: ApiClient;
/** What was called, with the statuses that came. */
const seen = new Map<string, Set<number>>();

beforeAll(async () => {
  await reset();
  tenant = new UpstreamTenant('contract');
  await tenant.release({ ...RELEASE, files: { [KERNEL]: 5000 }, aliases: ['current'] });
  await tenant.release({ ...PAIR, version: '4593.2.4', files: { [KERNEL]: 4000 } });
  edge = await openEdge(tenant, {
    vars: {
      OPERATOR_TOKEN,
      CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
      WEBHOOK_SECRET: 'webhook-secret-of-at-least-32-bytes',
      MIRROR: 'stable/amd64-usr',
      MIRROR_FILES: `version.txt,${KERNEL}`,
      PROVENANCE_KEY: await privateKeyPem(),
      // Nobody listens there.
      ANNOUNCE_URLS: 'http://127.0.0.1:9/hook',
      SYSEXT_URLS: `bakery http://127.0.0.1:9/ http://127.0.0.1:9/key ${'0'.repeat(40)}`,
    },
  });
  client = clientWith(OPERATOR_TOKEN);
});

/** A private key of ECDSA P-256 in PEM. */
async function privateKeyPem(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const pair = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  const der = new Uint8Array((await crypto.subtle.exportKey('pkcs8', pair.privateKey)) as ArrayBuffer);
  return `-----BEGIN PRIVATE KEY-----\n${toBase64(der)}\n-----END PRIVATE KEY-----`;
}

const clientWith = (token: string): ApiClient =>
  apiClient(contract, { url: 'http://edge.test', token, send: (url, init) => edge.fetchUrl(url, init) });

const note = (name: string, status: number) => seen.set(name, (seen.get(name) ?? new Set()).add(status));

/** Makes the call; its answer must be what the contract says, to the last field. */
async function good<N extends CallName>(name: N, asked: CallInput<N>): Promise<CallAnswer<N>> {
  const answer = await client.call(name, asked);
  if (!answer.ok) throw new Error(`${name}: ${JSON.stringify(answer.error)}`);
  const documented = (contract[name].answer as { schema?: z.ZodType }).schema;
  if (documented !== undefined) expect(documented.parse(answer.value), name).toEqual(answer.value);
  note(name, contract[name].answer.status);
  return answer.value;
}

/** Makes the call; it must be refused with `status`, as the contract says it can be. */
async function refused<N extends CallName>(
  status: Refusal,
  name: N,
  asked: CallInput<N>,
  by = client,
): Promise<string> {
  const answer = await by.call(name, asked);
  if (answer.ok || answer.error.reason !== 'refused') throw new Error(`${name} was not refused`);
  expect(answer.error.status, `${name}: ${answer.error.problem.detail}`).toBe(status);
  problem.parse(answer.error.problem);
  const { isPublic, refusals } = calls[name] as Call;
  expect(isPublic ? [422, ...refusals] : [401, 403, 422, ...refusals], name).toContain(status);
  note(name, status);
  return answer.error.problem.detail;
}

describe('every call', () => {
  it('of mirror jobs, releases and aliases', async () => {
    await good('startMirror', { params: { ...PAIR, version: 'current' } });
    expect(await edge.runAll()).toEqual(['complete']);
    const job = await good('getMirror', { params: RELEASE });
    expect([job.state, job.files.map(({ state }) => state)]).toEqual(['complete', ['verified', 'verified']]);
    expect((await good('getMirrorLog', { params: RELEASE })).items.map(({ state }) => state)).toEqual([
      'verified',
      'verified',
    ]);
    expect((await good('listMirrors', {})).items).toHaveLength(1);
    await good('startMirror', { params: { ...PAIR, version: '4593.2.4' } });
    expect((await good('cancelMirror', { params: { ...PAIR, version: '4593.2.4' } })).state).toBe('cancelled');
    await good('startMirror', { params: { ...PAIR, version: '4593.2.4' } });
    edge.launched.splice(0, 1);
    await edge.runAll();
    expect((await good('listReleases', {})).items.map(({ version }) => version)).toEqual(['4593.2.5', '4593.2.4']);
    expect((await good('getRelease', { params: RELEASE })).files).toHaveLength(14);
    const pinned = await good('pinAlias', { params: ALIAS, body: { version: '4593.2.4' } });
    expect([pinned.pin, pinned.version, pinned.before]).toEqual(['4593.2.4', '4593.2.4', '4593.2.5']);
    expect((await good('getAlias', { params: ALIAS })).pin).toBe('4593.2.4');
    await refused(404, 'liftHold', { params: ALIAS, body: { version: '4593.2.4' } });
    await refused(422, 'liftHold', { params: ALIAS, body: {} as { version: string } });
    // Its good answer needs a hold: test/mirror/gate has it.
    note('liftHold', 200);
    expect((await good('unpinAlias', { params: ALIAS })).pin).toBeNull();
    const gone = await good('quarantineRelease', { params: { ...PAIR, version: '4593.2.4' } });
    expect([gone.state, gone.quarantine?.by, gone.aliases]).toEqual([
      'quarantined',
      'operator',
      [{ alias: 'current', before: '4593.2.5', after: '4593.2.5' }],
    ]);
    const held = await good('listReleases', { query: { state: 'quarantined' } });
    expect(held.items.map(({ version }) => version)).toEqual(['4593.2.4']);
    expect((await good('listAliases', {})).items.map(({ version, from }) => [version, from])).toEqual([
      ['4593.2.5', 'mirror'],
    ]);
    await good('liftQuarantine', { params: { ...PAIR, version: '4593.2.4' } });
    await refused(404, 'liftQuarantine', { params: { ...PAIR, version: '4593.2.4' } });
    expect((await good('refreshKeyring', {})).trusted).toHaveLength(1);
    const keyring = await good('getKeyring', {});
    expect(keyring.keys).toMatchObject([{ fingerprint: keyring.signingKey?.fingerprint, state: 'valid' }]);

    expect(await refused(404, 'getMirror', { params: { ...PAIR, version: '4593.2.9' } })).toBe(
      'no job for this release',
    );
    await refused(404, 'startMirror', { params: { ...PAIR, channel: 'none', version: 'current' } });
    await refused(422, 'startMirror', { params: { ...PAIR, version: '4593.1.5' } });
    await refused(404, 'getRelease', { params: { ...PAIR, version: '1.2.3' } });
    await refused(404, 'quarantineRelease', { params: { ...PAIR, channel: 'none', version: '1.2.3' } });
    await refused(422, 'pinAlias', { params: ALIAS, body: { version: '1.2.3' } });
    expect(await refused(422, 'pinAlias', { params: ALIAS, body: { version: 'new' } })).toBe(
      'version: must be MAJOR.CHANNEL.PATCH',
    );
    await refused(404, 'getAlias', { params: { ...ALIAS, alias: 'newest' } });
  });

  it('of profiles', async () => {
    const params = { name: 'web' };
    expect((await good('putProfile', { params, body: { engine: 'ignition' } })).generation).toBe(1);
    expect((await good('putProfileBase', { params, body: config('/base') })).hasBase).toBe(true);
    expect((await good('putProfileDefault', { params, query: { dry_run: '1' }, body: config('/d') })).dryRun).toBe(
      true,
    );
    await good('putProfileDefault', { params, body: config('/d') });
    expect(await good('getProfileBase', { params })).toHaveProperty('storage');
    await good('getProfileDefault', { params });
    expect((await good('getProfile', { params })).default).not.toBeNull();
    expect((await good('listProfiles', {})).items.map(({ name }) => name)).toEqual(['web']);
    await good('patchProfile', { params, body: { cloudInit: 'off' } });
    await refused(422, 'patchProfile', { params, body: {} });
    expect((await good('listProfileChanges', { params })).items).toEqual([]);
    const change = { ...params, change: '1-a' };
    await refused(404, 'getProfileChange', { params: change });
    await refused(404, 'cancelProfileChange', { params: change });
    // Their good answers need a thousand machines: test/machines/checks has them.
    note('getProfileChange', 200);
    note('cancelProfileChange', 200);
    await good('deleteProfileDefault', { params });
    await refused(404, 'getProfileDefault', { params });
    expect(await refused(422, 'putProfile', { params, body: { engine: 'new' as 'legacy' } })).toBe(
      'engine: must be ignition or legacy',
    );
    await refused(422, 'putProfileBase', { params, body: config('relative') });
    await refused(413, 'putProfileBase', { params, body: 'x'.repeat(1024 * 1024 + 1) });
    await refused(404, 'getProfile', { params: { name: 'none' } });
  });

  it('of machines', async () => {
    const params = { id: 'vm-1' };
    const issued = await good('putMachine', {
      params,
      query: { profile: 'web', expires_in: 3600 },
      body: config('/u'),
    });
    expect(issued.expiresAt).not.toBeNull();
    await edge.fetchUrl(issued.urls?.ignition ?? '', { headers: { 'user-agent': 'Ignition/2.26.0' } });
    await edge.settle();
    const machine = await good('getMachine', { params });
    expect(machine.boots.map(({ status, ignition }) => [status, ignition])).toEqual([[200, '2.26.0']]);
    expect((await good('listMachines', { query: { prefix: 'vm', state: 'booted' } })).items).toHaveLength(1);
    const { counts } = await good('countMachines', { query: { prefix: 'vm' } });
    expect(counts).toEqual({ 'never-booted': 0, booted: 1, stale: 0, failing: 0, expired: 0 });
    const { layers, parts, sha512 } = await good('explainMachine', { params });
    expect(sha512).toBe(machine.lastBoot?.sha512);
    const previewed = await good('previewMachine', {
      params,
      query: { profile: 'web', layer: 'base' },
      body: config('/p'),
    });
    expect(previewed.valid).toBe(true);
    expect(await good('getBootedConfig', { params })).toMatchObject({ id: 'vm-1', generation: 1, sha512 });
    expect((await good('patchMachine', { params, body: { version: '4593.2.5' } })).isChanged).toBe(true);
    expect((await good('putMachineUserData', { params, body: config('/v') })).generation).toBe(3);
    expect(await good('getMachineUserData', { params })).toEqual(JSON.parse(config('/v')));
    await good('deleteMachineUserData', { params });
    await refused(404, 'getMachineUserData', { params });
    await refused(422, 'putMachineUserData', { params, body: '' });
    await refused(422, 'patchMachine', { params, body: {} });
    expect([layers['base:web'], layers['identity'], layers['user'], layers['default:web']]).toEqual([
      config('/base'),
      null,
      config('/u'),
      null,
    ]);
    expect(new Set(parts.map(({ layer }) => layer))).toEqual(new Set(['base:web', 'user']));
    expect((await good('listUrls', { params })).items).toHaveLength(1);
    expect(await good('revokeUrl', { params: { ...params, number: '1' } })).toMatchObject({ number: 1 });
    await refused(404, 'revokeUrl', { params: { ...params, number: '9' } });
    const renewed = await good('issueToken', { params, body: { revoke: true } });
    expect(renewed.urls?.ignition).not.toBe(issued.urls?.ignition);
    const lines = await good('exportMachines', {});
    expect(await good('importMachines', { body: lines })).toEqual({ imported: 1, dryRun: false });
    expect((await good('resealStorage', {})).resealed).toBe(0);
    await refused(409, 'deleteProfile', { params: { name: 'web' } });
    await good('deleteMachine', { params });
    await refused(410, 'getMachine', { params });
    await refused(410, 'issueToken', { params, body: {} });
    expect((await good('deleteProfileBase', { params: { name: 'web' } })).hasBase).toBe(false);
    await good('deleteProfile', { params: { name: 'web' } });
    await refused(404, 'explainMachine', { params: { id: 'none' } });
    await refused(422, 'putMachine', { params: { id: 'export' }, body: '' });
    await refused(422, 'putMachine', { params, query: { profile: 'none' }, body: '' });
    await refused(422, 'importMachines', { body: 'no json' });
    expect(await refused(422, 'putMachine', { params, query: { expires_in: 'soon' }, body: '' })).toMatch(
      /^expires_in: /,
    );
  });

  it('of tokens, the audit trail and the caller', async () => {
    const params = { name: 'ci' };
    const made = await good('putToken', { params, body: { may: ['read'], prefix: 'vm-', expiresIn: 60 } });
    const reader = clientWith(made.token ?? '');
    expect((await good('getCaller', {})).may).toBe('everything');
    expect(await reader.call('getCaller', {})).toMatchObject({
      value: { who: 'token ci', may: ['read'], prefix: 'vm-' },
    });
    expect((await good('getToken', { params })).may).toEqual(['read']);
    expect((await good('listTokens', {})).items.map(({ name }) => name)).toEqual(['ci']);
    await refused(403, 'putToken', { params, body: { may: ['read'] } }, reader);
    await refused(422, 'putToken', { params, body: { may: ['write' as 'read'] } });
    const { items } = await good('listAudit', { query: { call: 'putToken' } });
    expect(items.map(({ who, target, after }) => [who, target, after])).toEqual([['operator', '/api/tokens/ci', '1']]);
    await refused(422, 'listAudit', { query: { cursor: 'none' } });
    await good('revokeToken', { params });
    await refused(401, 'getCaller', {}, reader);
    await refused(404, 'getToken', { params });
  });

  it('of configs', async () => {
    expect((await good('validateConfig', { body: config('/x') })).valid).toBe(true);
    const broken = await good('validateConfig', {
      query: { engine: 'legacy' },
      body: '{"ignition": {"version": "2.3.0"',
    });
    expect(broken.valid).toBe(false);
    const { config: both } = await good('mergeConfigs', { body: { parent: config('/a'), child: config('/b') } });
    expect(both).toHaveProperty('storage.files.1.path', '/b');
    const butane = 'variant: flatcar\nversion: 1.1.0\n';
    expect((await good('transpileConfig', { query: { from: 'butane' }, body: butane })).entries).toEqual([]);
    expect(await good('getConfigSchema', { params: { version: '3.4.0' } })).toHaveProperty('properties.ignition');
    await refused(404, 'getConfigSchema', { params: { version: '9.9.9' } });
    await refused(422, 'mergeConfigs', { body: { parent: '{}', child: '{}' } });
    await refused(422, 'transpileConfig', { query: { from: 'butane' }, body: 'variant: openshift\nversion: 4.14.0\n' });
    expect(await refused(422, 'transpileConfig', { query: { from: 'yaml' as 'ct' }, body: '' })).toBe(
      'from: must be butane or ct',
    );
  });

  it('of fleets', async () => {
    const params = { name: 'room' };
    await good('putMachine', { params: { id: 'for-once' }, query: { once: '1' }, body: '' });
    await good('rearmMachine', { params: { id: 'for-once' } });
    await good('patchMachine', { params: { id: 'for-once' }, body: { once: false } });
    await refused(422, 'rearmMachine', { params: { id: 'for-once' } });
    await good('deleteMachine', { params: { id: 'for-once' } });
    await refused(410, 'rearmMachine', { params: { id: 'for-once' } });
    const { urls, ...made } = await good('putFleet', { params, body: { version: '4593.2.5' } });
    expect((await good('getFleet', { params })).createdAt).toBe(made.createdAt);
    expect((await good('listFleets', {})).items).toMatchObject([params]);
    const answer = await edge.fetchUrl(`${urls?.ipxe}?mac=52:54:00:00:00:01`);
    expect(await answer.text()).toContain('waits for an operator');
    await edge.settle();
    const key = 'mac-52-54-00-00-00-01';
    expect((await good('listWaiting', { params })).items).toMatchObject([{ key, state: 'waiting' }]);
    const body = { id: 'of-room', hostname: 'node-1' };
    expect((await good('assignWaiting', { params: { ...params, key }, body })).id).toBe('of-room');
    await refused(404, 'assignWaiting', { params: { ...params, key }, body });
    await edge.fetchUrl(`${urls?.ipxe}?mac=52:54:00:00:00:02`);
    await edge.settle();
    await good('removeWaiting', { params: { ...params, key: 'mac-52-54-00-00-00-02' } });
    await refused(404, 'removeWaiting', { params: { ...params, key } });
    await good('issueFleetToken', { params, body: { revoke: true } });
    await refused(422, 'putFleet', { params, body: { enrolLimit: 0 } });
    await good('deleteFleet', { params });
    await refused(404, 'getFleet', { params });
    await good('deleteMachine', { params: { id: 'of-room' } });
  });

  it('of catalogues of system extensions', async () => {
    const [catalogue] = (await good('listSysexts', {})).items;
    expect(catalogue).toMatchObject({ name: 'bakery', fileCount: 0, checkedAt: null });
    expect((await good('mirrorSysexts', { params: { name: 'bakery' } })).isRunning).toBe(true);
    await refused(404, 'mirrorSysexts', { params: { name: 'none' } });
    edge.launched.splice(0);
  });

  it('of announcements', async () => {
    const { items, receivers } = await good('listAnnouncements', {});
    expect(receivers).toMatchObject([{ url: 'http://127.0.0.1:9/hook', failures: 0 }]);
    const params = { id: items[0]?.id ?? '' };
    expect((await good('getAnnouncement', { params })).deliveries).toMatchObject([{ state: 'waiting' }]);
    expect((await good('sendAnnouncement', { params })).results).toMatchObject([{ isTaken: false }]);
    await refused(404, 'getAnnouncement', { params: { id: 'msg_1' } });
    await refused(422, 'listAnnouncements', { query: { cursor: 'none' } });
  });

  it('of the service and the webhooks', async () => {
    expect(await good('getMetrics', {})).toContain('flatcar_edge_mirror_jobs{state="complete"} 2');
    expect((await good('listUpdates', {})).items).toEqual([]);
    expect((await good('listActivity', {})).items).toHaveLength(1);
    expect((await good('getHealth', {})).status).toBe('ok');
    expect(await good('getSigningKey', {})).toContain('BEGIN PGP PUBLIC KEY BLOCK');
    expect((await good('getReleaseIndex', {})).channels['stable']).toHaveProperty('amd64-usr');
    expect(await good('getProvenanceKey', {})).toContain('BEGIN PUBLIC KEY');
    expect(await good('getStream', { params: { name: 'stable.json' } })).toMatchObject({ stream: 'stable' });
    expect(await good('getSimplestreams', { params: { name: 'index.json' } })).toMatchObject({ format: 'index:1.0' });
    expect(await good('getFeed', {})).toContain('<feed');
    const document = await good('getApiDocument', {});
    expect(document['openapi']).toBe('3.1.0');
    const headers = { 'webhook-id': 'a', 'webhook-timestamp': '1', 'webhook-signature': 'v1,none' };
    await refused(401, 'announceRelease', { headers, body: { channel: 'stable', version: '4593.2.5' } });
    const github = { 'x-hub-signature-256': 'sha256=00', 'x-github-event': 'release' };
    await refused(401, 'announceByGithub', { headers: github, body: '{}' });
    // Their good answers need a signature: test/mirror/webhooks has them.
    note('announceRelease', 202);
    note('announceByGithub', 202);
  });

  it('needs the token, but for the public ones', async () => {
    const stranger = clientWith(`${OPERATOR_TOKEN}x`);
    for (const [name, { isPublic }] of Object.entries(calls)) {
      if (isPublic) continue;
      const asked = {
        params: { ...RELEASE, alias: 'current', id: 'vm-1', name: 'web', change: '1-a', key: 'mac-1', number: '1' },
      };
      await refused(401, name as CallName, asked as unknown as CallInput<CallName>, stranger);
    }
  });

  it('that the service answers is in the document, and the other way round', async () => {
    const documented = Object.values(calls).map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    const served = (await edge.routes())
      .filter(
        ({ method, path }) =>
          /^\/(api|webhooks)\//.test(path) && !path.endsWith('*') && method !== 'ALL' && method !== 'HEAD',
      )
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}').replace(/\/$/, '')}`)
      .filter((call) => call !== 'GET /api/docs');
    expect(new Set(served)).toEqual(new Set(documented.filter((call) => /\/(api|webhooks)\//.test(call))));
  });

  it('another method on any of their paths is 405, and says which are allowed', async () => {
    const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
    const paths = new Set(Object.values(calls).map(({ path }) => path));
    for (const path of paths) {
      if (!path.startsWith('/api/') || path === '/api/openapi.json') continue;
      const methods = Object.values(calls)
        .filter((call) => call.path === path)
        .map(({ method }) => method.toUpperCase());
      const named = path.replace(/\{\w+\}/g, 'current');
      const other = ['PATCH', 'POST', 'PUT', 'DELETE'].find((method) => !methods.includes(method)) ?? 'PATCH';
      for (const method of [other]) {
        const answer = await edge.fetch(named, { method, headers });
        // Two paths have the shape of a machine's id: they are reserved there.
        if (/machines\/(export|import)$/.test(path)) continue;
        expect([path, answer.status]).toEqual([path, 405]);
        expect(answer.headers.get('allow')?.split(', ').sort()).toEqual(methods.sort());
      }
    }
  });

  it('was made, with its good answer', () => {
    const missing = Object.entries(calls).filter(([name, { answer }]) => !seen.get(name)?.has(answer.status));
    expect(missing.map(([name]) => name)).toEqual([]);
  });
});
