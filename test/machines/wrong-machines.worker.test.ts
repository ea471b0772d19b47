/** A machine that cannot be is refused in the same words whoever asks: a PUT, a line of an import, and the typed client of the console. */
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { flatcarEdge } from '../../src/api/client.ts';
import { OPERATOR_TOKEN } from '../support/edge.ts';
import { config } from '../support/machine-texts.ts';
import { type MachineEdge, machineEdge } from '../support/operator.ts';

interface Wrong {
  readonly id?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly userData?: string;
}

const MIB = 1024 * 1024;
const unit = (contents: string) =>
  JSON.stringify({ ignition: { version: '3.3.0' }, systemd: { units: [{ name: 'a.service', contents }] } });

const WRONG: Readonly<Record<string, Wrong>> = {
  'an id that begins with a dash': { id: '-vm' },
  'an id that is too long': { id: 'v'.repeat(129) },
  'an id with a space': { id: 'v m' },
  'a reserved id': { id: 'export' },
  'another reserved id': { id: 'import' },
  'a profile name that cannot be': { query: { profile: '.hidden' } },
  'a profile that is not there': { query: { profile: 'nowhere' } },
  'a channel that is not served': { query: { channel: 'nosuch' } },
  'a board that is not served': { query: { board: 'riscv-usr' } },
  'a version that is none': { query: { version: 'latest' } },
  'a version of another channel': { query: { version: '4593.1.0' } },
  'user data that is too long': {
    userData: JSON.stringify({ ignition: { version: '3.3.0' }, filler: 'x'.repeat(MIB) }),
  },
  'user data that is too long in bytes, not in letters': { userData: `#!/bin/sh\n${'é'.repeat(MIB / 2)}` },
  'JSON that breaks off': { userData: '{"ignition":{"version":"3.3.0"}' },
  'no version of Ignition': { userData: '{"ignition":{}}' },
  'an unknown version of Ignition': { userData: '{"ignition":{"version":"9.0.0"}}' },
  'an experimental version': { userData: '{"ignition":{"version":"3.7.0-experimental"}}' },
  'a relative path': { userData: config('relative') },
  'the same path twice': {
    userData: JSON.stringify({
      ignition: { version: '3.3.0' },
      storage: { files: [{ path: '/a' }, { path: '/a' }] },
    }),
  },
  'a unit that cannot be read': { userData: unit('[Service\nExecStart=/bin/true') },
  'Butane with an unknown key': { userData: 'variant: flatcar\nversion: 1.1.0\nstorge: {}\n' },
  'Butane that is no YAML': { userData: 'variant: flatcar\nversion: 1.1.0\nstorage: [\n' },
  'YAML that is nothing': { userData: 'a: b\n' },
  'spec 3 over a profile of spec 2': { query: { profile: 'legacy' }, userData: config('/a') },
  'user data that its base does not go with': {
    query: { profile: 'linked' },
    userData: config('/etc/link/a'),
  },
};

let edge: MachineEdge;
beforeAll(async () => {
  const old = await env.RELEASES.list();
  await env.RELEASES.delete(old.objects.map(({ key }) => key));
  edge = machineEdge();
  const links = [{ path: '/etc/link', target: '/usr/share/link' }];
  await edge.putProfile('linked', { base: JSON.stringify({ ignition: { version: '3.3.0' }, storage: { links } }) });
  await edge.putProfile('legacy', { engine: 'legacy', base: config('/etc/base', '2.3.0') });
});

const detailOf = async (response: Response) => ((await response.json()) as { detail: string }).detail;

async function byPut({ id = 'vm', query = {}, userData = '' }: Wrong): Promise<string> {
  const search = new URLSearchParams(query).toString();
  const response = await edge.call('PUT', `/api/machines/${encodeURIComponent(id)}?${search}`, userData);
  expect([413, 422]).toContain(response.status);
  return await detailOf(response);
}

async function byImport({ id = 'vm', query = {}, userData = '' }: Wrong): Promise<string> {
  const { profile = null, channel = 'stable', board = 'amd64-usr', version = 'current' } = query;
  const secrets = { epoch: 'epoch', nonce: 'nonce', expiry: 0, createdAt: '2026-11-26T00:00:00.000Z' };
  const line = { id, profile, source: null, ...secrets, channel, board, version, userData, sourceText: null };
  const response = await edge.call('POST', '/api/machines/import', JSON.stringify(line));
  expect([413, 422]).toContain(response.status);
  const detail = await detailOf(response);
  expect(detail).toMatch(/^line 1: /);
  return detail.slice('line 1: '.length);
}

async function byClient({ id = 'vm', query = {}, userData = '' }: Wrong): Promise<string> {
  const send = (input: RequestInfo | URL, init?: RequestInit) => edge.fetchUrl(String(input), init);
  const client = flatcarEdge({ url: 'http://edge.test', token: OPERATOR_TOKEN, send });
  const answer = await client.call('putMachine', { params: { id }, query, body: userData });
  if (answer.ok) return 'accepted';
  return answer.error.reason === 'refused' ? answer.error.problem.detail : answer.error.detail;
}

describe.each(Object.entries(WRONG))('%s', (_name, wrong) => {
  it('is refused in the same words by a PUT, an import and the client, and nothing is stored', async () => {
    const words = await byPut(wrong);
    expect(words.length).toBeGreaterThan(10);
    expect(await byImport(wrong)).toBe(words);
    expect(await byClient(wrong)).toBe(words);
    const stored = await env.RELEASES.list({ prefix: 'machines/' });
    expect(stored.objects.map(({ key }) => key)).toEqual([]);
  });
});
