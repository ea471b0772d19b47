/** A machine given with curl and booted over the wire, KV and R2 of the real runtime under it. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootIgnition } from '../support/ignition-client.ts';
import { pathsOf } from '../support/json.ts';
import { OPERATOR_TOKEN, type RunningEdge, runClient, runEdge } from '../support/running-edge.ts';

interface Issued {
  readonly urls: { readonly ignition: string; readonly ipxe: string };
  readonly pointer: { ignition: { config: { replace: { source: string; verification: { hash: string } } } } };
}

let edge: RunningEdge;
beforeAll(async () => {
  edge = await runEdge({ CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes' });
});
afterAll(() => edge.stop());

const config = (path: string) =>
  JSON.stringify({ ignition: { version: '3.3.0' }, storage: { files: [{ path, mode: 420 }] } });

/** `curl -T FILE`, as the README has it. */
async function upload(path: string, body: string | Buffer): Promise<Issued> {
  writeFileSync(join(edge.folder, 'body'), body);
  const header = `Authorization: Bearer ${OPERATOR_TOKEN}`;
  const { code, stdout, stderr } = await runClient(
    'curl',
    ['-fsS', '-T', 'body', '-H', header, `${edge.url}${path}`],
    edge.folder,
  );
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Issued;
}

const send = (url: string, headers: Record<string, string>) => fetch(url, { headers, redirect: 'manual' });
const wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

describe('curl and a booting machine', () => {
  it('base and gzipped user data boot, through the URL and through the pointer', async () => {
    await upload('/api/profiles/web/base', config('/base'));
    const issued = await upload('/api/machines/vm-1?profile=web', gzipSync(config('/user')));
    const booted = await bootIgnition(issued.urls.ignition, send, wait);
    expect(booted.outcome === 'booted' && pathsOf(booted.config)).toEqual(['/base', '/user']);
    const { source, verification } = issued.pointer.ignition.config.replace;
    expect((await runClient('curl', ['-fsS', '-o', 'frozen', source], edge.folder)).code).toBe(0);
    const frozen = readFileSync(join(edge.folder, 'frozen'));
    expect(verification.hash).toBe(`sha512-${createHash('sha512').update(frozen).digest('hex')}`);
  });

  it('is served as it is: no encoding, no redirect, its exact length', async () => {
    const { urls } = await upload('/api/machines/vm-2', config('/x'));
    const args = ['-fsS', '-D', '-', '-o', 'body', '--compressed', urls.ignition];
    const { stdout } = await runClient('curl', args, edge.folder);
    expect(stdout).toMatch(/^HTTP\/1\.1 200/);
    expect(stdout).not.toMatch(/content-encoding|location:/i);
    expect(stdout).toMatch(/content-type: application\/vnd\.coreos\.ignition\+json/i);
    expect(stdout).toMatch(new RegExp(`content-length: ${readFileSync(join(edge.folder, 'body')).length}`, 'i'));
  });

  it('Butane and a replacement: the URL stays, the config changes at once', async () => {
    const first = await upload('/api/machines/vm-3', config('/one'));
    const butane = 'variant: flatcar\nversion: 1.1.0\nstorage: {files: [{path: /two, contents: {inline: "x\\n"}}]}\n';
    const second = await upload('/api/machines/vm-3', butane);
    expect(second.urls).toEqual(first.urls);
    const booted = await bootIgnition(first.urls.ignition, send, wait);
    expect(booted.outcome === 'booted' && pathsOf(booted.config)).toEqual(['/two']);
    await edge.release('4593.2.5', {});
    const script = await runClient('curl', ['-fsS', first.urls.ipxe], edge.folder);
    expect(script.stdout).toContain(`ignition.config.url=${first.urls.ignition} || goto`);
  });

  it('survives a restart of the whole runtime', async () => {
    const { urls } = await upload('/api/machines/vm-4', config('/kept'));
    await edge.killAndRestart();
    const booted = await bootIgnition(urls.ignition, send, wait);
    expect(booted.outcome === 'booted' && pathsOf(booted.config)).toEqual(['/kept']);
  });
});
