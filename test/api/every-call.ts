/** An edge that holds something of every kind, what each write of the contract may be sent there, and all that its stores hold. */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import type { Call } from '../../src/api/contract/call.ts';
import { type Edge, OPERATOR, OPERATOR_TOKEN, openEdge } from '../support/edge.ts';
import { config } from '../support/machine-texts.ts';
import { KERNEL, PAIR } from '../support/release.ts';
import { standardHeaders } from '../support/standard-webhook.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

const WEBHOOK_SECRET = 'webhook-secret-of-at-least-32-bytes';
export let edge: Edge;

/** Fills the stores: two published releases and one that is being mirrored, a quarantine, a pin, profiles, a machine, a token, a check. */
export async function openFullEdge(): Promise<void> {
  await reset();
  const tenant = new UpstreamTenant('dry');
  for (const version of ['4593.2.5', '4593.2.4', '4593.2.6'])
    await tenant.release({
      ...PAIR,
      version,
      files: { [KERNEL]: 5000 },
      aliases: version === '4593.2.5' ? ['current'] : [],
    });
  edge = await openEdge(tenant, {
    vars: {
      ...{ OPERATOR_TOKEN, WEBHOOK_SECRET },
      CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
      MIRROR: 'stable/amd64-usr',
      MIRROR_FILES: `version.txt,${KERNEL}`,
      // Nobody listens there.
      ANNOUNCE_URLS: 'http://127.0.0.1:9/hook',
      SYSEXT_URLS: `bakery http://127.0.0.1:9/ http://127.0.0.1:9/key ${'0'.repeat(40)}`,
    },
  });
  for (const version of ['4593.2.4', '4593.2.5']) {
    expect((await call('PUT', `/api/mirrors/stable/amd64-usr/${version}`)).status).toBe(202);
    expect(await edge.runAll()).toEqual(['complete']);
  }
  expect((await call('PUT', '/api/mirrors/stable/amd64-usr/4593.2.6')).status).toBe(202);
  expect((await call('DELETE', '/api/releases/stable/amd64-usr/4000.2.0')).status).toBe(200);
  expect((await call('PUT', '/api/aliases/stable/amd64-usr/current', '{"version":"4593.2.4"}')).status).toBe(200);
  expect((await call('PUT', '/api/profiles/web/base', config('/base'))).status).toBe(200);
  expect((await call('PUT', '/api/profiles/web/default', config('/default'))).status).toBe(200);
  expect((await call('PUT', '/api/profiles/unused/base', config('/base'))).status).toBe(200);
  expect((await call('PUT', '/api/machines/vm-1?profile=web', config('/user'))).status).toBe(200);
  expect((await call('PUT', '/api/machines/vm-once?once=1', '')).status).toBe(200);
  expect((await call('PUT', '/api/tokens/ci', '{"may":["read"]}')).status).toBe(200);
  expect((await call('PUT', '/api/fleets/web', '{"unknown":"wait"}')).status).toBe(200);
  const waiting = { at: new Date().toISOString(), state: 'waiting', identities: '{"mac":["52:54:00:00:00:01"]}' };
  await env.RELEASES.put(`waiting/web/${WAITING}`, '', { customMetadata: waiting });
  const alias = 'alias/stable/amd64-usr/current.json';
  const record = (await (await env.RELEASES.get(alias))?.json()) as object;
  const hold = { version: '4593.2.6', at: new Date().toISOString(), why: 'files', files: [KERNEL] };
  await env.RELEASES.put(alias, JSON.stringify({ ...record, holds: [hold] }));
  await env.RELEASES.put(`announcements/events/${ANNOUNCEMENT.id}.json`, JSON.stringify(ANNOUNCEMENT));
  await env.RELEASES.put(`changes/web/${CHECK.id}.json`, JSON.stringify(CHECK));
  await edge.settle();
}

/** Makes a call as the operator. */
export const call = async (method: string, path: string, body?: string, headers = {}) =>
  await edge.fetch(path, { method, headers: { ...OPERATOR, ...headers }, ...(body === undefined ? {} : { body }) });

const WAITING = 'mac-52-54-00-00-00-01';
const ANNOUNCEMENT = {
  ...{ id: 'msg_998235000000000c0ffee00c0ffee00c0ffee00', type: 'release.published', at: '2025-11-27T00:00:00Z' },
  body: '{"type":"release.published","data":{}}',
};
const CHECK = {
  ...{ id: '999998230456789-k3VbX0aQ', profile: 'web', state: 'checking', what: 'base', by: 'operator' },
  ...{ change: { key: '', iv: '', data: '' }, replacing: '', generation: 1, stage: 'machines', cursor: null, run: 1 },
  ...{ checked: 0, broken: 0, breaks: [], unreadable: [], finishedAt: null },
  ...{ startedAt: new Date().toISOString(), heartbeatAt: new Date().toISOString() },
};

/** Every object of both stores: its bytes, its etag, its metadata. */
export async function everything(): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await env.RELEASES.list(cursor === undefined ? {} : { cursor });
    for (const { key, etag, version } of page.objects) {
      const object = await env.RELEASES.get(key);
      found.push(
        `${key} ${etag} ${version} ${JSON.stringify(object?.customMetadata)} ${(await object?.text())?.length}`,
      );
    }
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  for (const { name, metadata } of (await env.MACHINES.list()).keys)
    found.push(`${name} ${JSON.stringify(metadata)} ${await env.MACHINES.get(name)}`);
  // Other files of tests share the store, and write of their machines' boots late.
  return found.filter((line) => !/^(counters\/|(boots|states)\/(?!vm-1[/.]))/.test(line));
}

/** What each write is sent. Its path is that of the contract with these parameters. */
export const SENT: Readonly<Record<string, { params?: Record<string, string>; query?: string; body?: string }>> = {
  startMirror: { params: { version: '4593.2.9' }, query: '' },
  cancelMirror: { params: { version: '4593.2.6' } },
  quarantineRelease: { query: 'reason=bad' },
  liftQuarantine: { params: { version: '4000.2.0' } },
  pinAlias: { body: '{"version":"4593.2.5"}' },
  unpinAlias: {},
  liftHold: { body: '{"version":"4593.2.6"}' },
  refreshKeyring: {},
  putMachine: { params: { id: 'vm-2' }, query: 'profile=web', body: config('/new') },
  patchMachine: { body: '{"profile":null}' },
  deleteMachine: {},
  putMachineUserData: { body: config('/other') },
  deleteMachineUserData: {},
  issueToken: { body: '{"revoke":true}' },
  revokeUrl: { params: { id: 'vm-once', number: '1' } },
  rearmMachine: { params: { id: 'vm-once' } },
  resealStorage: {},
  putProfile: { body: '{"engine":"ignition","ignition":"2.24.0"}' },
  patchProfile: { body: '{"cloudInit":"off"}' },
  deleteProfile: { params: { name: 'unused' } },
  cancelProfileChange: {},
  putProfileBase: { body: config('/changed') },
  putProfileDefault: { body: config('/changed') },
  deleteProfileBase: {},
  deleteProfileDefault: {},
  putFleet: { body: '{"unknown":"enrol"}' },
  deleteFleet: {},
  issueFleetToken: { body: '{"revoke":true}' },
  removeWaiting: {},
  assignWaiting: { body: '{"profiles":["web"]}' },
  putToken: { body: '{"may":["read","machines"]}' },
  revokeToken: {},
  mirrorSysexts: { params: { name: 'bakery' } },
  sendAnnouncement: { params: { id: ANNOUNCEMENT.id } },
};

const DEFAULTS: Readonly<Record<string, string>> = {
  ...{ channel: 'stable', board: 'amd64-usr', version: '4593.2.5', alias: 'current' },
  ...{ id: 'vm-1', name: 'web', change: CHECK.id, key: WAITING },
};

/** Returns the path of `call` with parameters that exist, or with those of `SENT`. */
function pathOf(name: string, { path }: Call): string {
  const all: Record<string, string> = {
    ...DEFAULTS,
    ...(path.startsWith('/api/tokens') ? { name: 'ci' } : {}),
    ...SENT[name]?.params,
  };
  return path.replaceAll(/\{(\w+)\}/g, (_, field: string) => all[field] ?? '');
}

/** Makes `call` with what `SENT` has for it, and with `query` and `body` in its place where they are given. */
export async function made(
  name: string,
  which: Call,
  { query = SENT[name]?.query ?? '', body = SENT[name]?.body }: { query?: string; body?: string | undefined } = {},
): Promise<Response> {
  const headers = name === 'announceRelease' ? await standardHeaders(WEBHOOK_SECRET, body ?? '') : {};
  return await call(which.method.toUpperCase(), `${pathOf(name, which)}?${query}`, body, headers);
}
