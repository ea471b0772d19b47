/** Whole stores of a released version, put back into empty ones: this version answers as that one did, and goes on writing. */
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemPlatform } from '../../src/shared/platform.ts';
import { type Edge, edgeOver } from '../support/edge.ts';
import answers from './0.1.0/answers.json';
import mainState from './0.1.0/state/main.json';
import sealedState from './0.1.0/state/storage-key.json';

interface StoredObject {
  readonly store: string;
  readonly key: string;
  readonly text?: string;
  readonly base64?: string;
  readonly customMetadata?: Record<string, string>;
  readonly httpMetadata?: { contentType?: string };
  readonly metadata?: unknown;
  readonly etag?: string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const bytesOf = ({ text, base64 }: StoredObject): Uint8Array<ArrayBuffer> =>
  text === undefined
    ? Uint8Array.from(atob(base64 ?? ''), (character) => character.charCodeAt(0))
    : new Uint8Array(new TextEncoder().encode(text));

async function restore(objects: readonly StoredObject[]): Promise<void> {
  for (const object of objects) {
    if (object.store === 'kv') {
      await env.MACHINES.put(object.key, object.text ?? '', { metadata: object.metadata });
      continue;
    }
    const { customMetadata, httpMetadata } = object;
    const stored = await env.RELEASES.put(object.key, bytesOf(object), {
      ...(customMetadata === undefined ? {} : { customMetadata }),
      ...(httpMetadata === undefined ? {} : { httpMetadata }),
    });
    if (object.etag !== undefined) expect(stored?.etag, object.key).toBe(object.etag);
  }
}

/** An edge at the moment at which the answers were taken down, with upstream away. */
const edgeAt = (at: string, config: Record<string, string>): Edge =>
  edgeOver(
    { RELEASES: env.RELEASES, MACHINES: env.MACHINES, ...config },
    { platform: { now: () => Date.parse(at), fetch: () => Promise.reject(new Error('upstream is away')), timer: hurried } },
  );

/** Waits between attempts, a hundredth of them. */
const hurried = (milliseconds: number) => systemPlatform.timer(milliseconds / 100);

const bearer = (config: Record<string, string>) => ({ authorization: `Bearer ${config['OPERATOR_TOKEN']}` });

const parsedOr = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/**
 * Since 0.2.0 a boot script names a release by its number, has the origin that it was asked with, and tries again. What the
 * kernel is given is what it was given, besides a cloud-config's URL.
 */
async function expectScript(edge: Edge, path: string, body: string): Promise<void> {
  const response = await edge.fetch(path);
  const script = await response.text();
  if (await hasNoRelease(edge, /edge\.example\/(\S+)/.exec(body)?.[1] ?? '')) {
    expect([path, response.status]).toEqual([path, 503]);
    return;
  }
  const kernelOf = (text: string): string => /^kernel (.*?)(?: \|\|.*)?$/m.exec(text)?.[1] ?? 'no kernel';
  expect(withoutCloudInit(kernelOf(script)), path).toBe(kernelOf(body).replaceAll('edge.example', 'edge.test'));
  expect(script, path).toMatch(/^set base-url http:\/\/edge\.test\/\w+\/\w+-usr\/\d+\.\d+\.\d+$/m);
}

const hasNoRelease = async (edge: Edge, alias: string): Promise<boolean> =>
  (await edge.fetch(`/${alias}/version.txt`)).status !== 200;

async function expectSame(edge: Edge, path: string, answer: Answer, headers = {}): Promise<void> {
  const { status, body } = answer;
  if (path.endsWith('/ipxe') && status === 200) return await expectScript(edge, path, body);
  const response = await edge.fetch(path, { headers });
  expect([path, response.status]).toEqual([path, status]);
  const [now, before] = [parsedOr(await response.text()), parsedOr(body)];
  if (path.startsWith('/api/') && typeof before === 'object')
    expect(now, path).toMatchObject(inTodaysNames(path, before as Members, now as Members));
  else expect(withoutCloudInit(now), path).toEqual(before);
}

type Members = Readonly<Record<string, unknown>>;

/** Later versions have added members to the answers of the API; 0.2.0 has given some of them other names. */
function inTodaysNames(path: string, before: Members, now: Members): object {
  if (path === '/api/mirrors') return { items: before };
  if (path === '/api/machines') return { items: before['machines'], cursor: null };
  if (path === '/api/profiles') return { items: before['profiles'], cursor: null };
  if (path.startsWith('/api/releases?')) {
    const items = (before['releases'] as Members[]).map(({ files, pin, floor, ...release }) => ({
      ...{ ...release, fileCount: files, isPinned: pin, isFloor: floor },
    }));
    return { items };
  }
  if (path.startsWith('/api/releases/')) {
    const { quarantinedAt, ...release } = before;
    return quarantinedAt === undefined ? release : { ...release, quarantine: { at: quarantinedAt, by: null } };
  }
  if (path.startsWith('/api/aliases/')) {
    const { version, ...alias } = before;
    return { ...alias, published: version };
  }
  if (path.endsWith('/explain') && before['layers'] !== undefined)
    return explainedInTodaysNames(before as unknown as Explained, now['profile']);
  return before;
}

interface Explained {
  readonly layers: Readonly<Record<string, string | null>>;
  readonly parts: readonly { readonly path: string; readonly layer: string }[];
  readonly entries?: readonly { readonly layer: string }[];
}

/** Since 0.2.0 a layer of a profile has the name of the profile in its own. */
function explainedInTodaysNames({ layers, parts, entries, ...rest }: Explained, profile: unknown): object {
  const nameOf = (layer: string) => (['base', 'default'].includes(layer) ? `${layer}:${profile}` : layer);
  const present = Object.entries(layers).filter(([layer]) => layer === 'user' || profile !== null);
  return {
    ...rest,
    layers: Object.fromEntries(present.map(([layer, text]) => [nameOf(layer), text])),
    parts: parts.map((part) => ({ ...part, layer: nameOf(part.layer) })),
    ...(entries === undefined ? {} : { entries: entries.map((entry) => ({ ...entry, layer: nameOf(entry.layer) })) }),
  };
}

const FETCHES = 'flatcar-edge-cloudinit.service';
interface WithUnits {
  readonly systemd?: { readonly units?: readonly { readonly name: string }[] };
}

/** Since 0.2.0 a cloud-config is fetched without a default that says so; besides that, what boots is what booted. */
function withoutCloudInit(booted: unknown): unknown {
  if (typeof booted === 'string') return booted.replace(/ cloud-config-url=\S+/, '');
  const { systemd, ...rest } = booted as WithUnits;
  const units = systemd?.units?.filter(({ name }) => name !== FETCHES) ?? [];
  if (units.length === systemd?.units?.length) return booted;
  const others = Object.fromEntries(Object.entries(systemd ?? {}).filter(([name]) => name !== 'units'));
  const left = units.length === 0 ? others : { ...others, units };
  return Object.keys(left).length === 0 ? rest : { ...rest, systemd: left };
}

const machinesOf = (all: object) =>
  Object.entries(all as Record<string, { api: Answer; explain?: Answer; boots: Record<string, Answer> }>);

describe('0.1.0', () => {
  const config = answers.config as Record<string, string>;
  let edge: Edge;
  beforeAll(async () => {
    await restore(mainState as StoredObject[]);
    edge = edgeAt(answers.at, config);
  });

  it('every call of the API answers as before', async () => {
    for (const [path, answer] of Object.entries(answers.api as Record<string, Answer>))
      if (path !== '/api/metrics')
        await expectSame(edge, path.replace(/releases$/, 'releases?state=published'), answer, bearer(config));
    for (const [id, { api, explain }] of machinesOf(answers.machines)) {
      await expectSame(edge, `/api/machines/${id}`, api, bearer(config));
      // What boots for a cloud-config without a default is explained otherwise now.
      if (explain !== undefined && id !== 'cc-plain') await expectSame(edge, `/api/machines/${id}/explain`, explain, bearer(config));
    }
  });

  it('every public file answers as before', async () => {
    for (const [path, answer] of Object.entries(answers.files as Record<string, Answer>))
      await expectSame(edge, path, answer);
  });

  it('every machine boots what it booted', async () => {
    let boots = 0;
    for (const [, machine] of machinesOf(answers.machines)) {
      for (const [path, answer] of Object.entries(machine.boots)) {
        await expectSame(edge, path, answer);
        boots += 1;
      }
    }
    expect(boots).toBeGreaterThan(40);
    await edge.settle();
  });

  it('a machine keeps what a later version has put into its record, through new URLs, a replacement and a reseal', async () => {
    const key = 'machines/ign-web.json';
    const stored = await env.RELEASES.get(key);
    const record = { ...((await stored?.json()) as object), addedLater: ['kept'] };
    await env.RELEASES.put(key, JSON.stringify(record), { customMetadata: stored?.customMetadata ?? {} });
    const call = async (method: string, path: string, body?: string) => {
      const response = await edge.fetch(path, {
        method,
        headers: bearer(config),
        ...(body === undefined ? {} : { body }),
      });
      expect([path, response.status]).toEqual([path, 200]);
      await edge.settle();
    };
    await call('POST', '/api/machines/ign-web/token', '{}');
    await call('PUT', '/api/machines/ign-web?profile=web', '{"ignition":{"version":"3.3.0"}}');
    edge = edgeAt(answers.at, { ...config, STORAGE_KEY: 'another-storage-key-of-32-bytes-and-more' });
    for (let cursor: string | null = ''; cursor !== null; ) {
      const path: string = `/api/storage/reseal?cursor=${encodeURIComponent(cursor)}`;
      const response = await edge.fetch(cursor === '' ? '/api/storage/reseal' : path, {
        method: 'POST',
        headers: bearer(config),
      });
      expect(response.status).toBe(200);
      ({ cursor } = (await response.json()) as { cursor: string | null });
    }
    const after = (await (await env.RELEASES.get(key))?.json()) as { addedLater: unknown; generation: number };
    expect(after).toMatchObject({ addedLater: ['kept'], generation: 2 });
  });

  it('a reseal signs every record, and the machines boot the same', async () => {
    for (let cursor: string | null = ''; cursor !== null; ) {
      const path = `/api/storage/reseal?cursor=${encodeURIComponent(cursor)}`;
      const response: Response = await edge.fetch(path, { method: 'POST', headers: bearer(config) });
      const page = (await response.json()) as { cursor: string | null; unreadable: unknown[] };
      expect(page.unreadable).toEqual([]);
      ({ cursor } = page);
    }
    for (const prefix of ['machines/', 'profiles/']) {
      const { objects } = await env.RELEASES.list({ prefix, include: ['customMetadata'] });
      expect(objects.length).toBeGreaterThan(3);
      for (const { key, customMetadata } of objects)
        expect([key, customMetadata]).toMatchObject([key, { mac: expect.any(String), sha256: expect.any(String) }]);
    }
    // The test above has replaced one machine.
    for (const [id, machine] of machinesOf(answers.machines)) {
      if (id === 'ign-web') continue;
      for (const [path, answer] of Object.entries(machine.boots)) await expectSame(edge, path, answer);
    }
  });

  it('its export can be read back, and the machines boot the same', async () => {
    const exported = (answers.api as Record<string, Answer>)['/api/machines/export']?.body ?? '';
    const response = await edge.fetch('/api/machines/import', {
      method: 'POST',
      headers: bearer(config),
      body: exported,
    });
    expect(await response.json()).toEqual({ imported: exported.trim().split('\n').length, dryRun: false });
    const booted = machinesOf(answers.machines).find(([id]) => id === 'ign-web')?.[1].boots ?? {};
    const [path = '', answer = { status: 0, body: '' }] =
      Object.entries(booted).find(([name]) => name.endsWith('/ignition')) ?? [];
    await expectSame(edge, path, answer);
  });

  it('releases can be pinned, quarantined and listed, and the poll goes on', async () => {
    const call = async (method: string, path: string, body?: string) =>
      await edge.fetch(path, { method, headers: bearer(config), ...(body === undefined ? {} : { body }) });
    expect((await call('PUT', '/api/aliases/stable/amd64-usr/current', '{"version":"9002.2.0"}')).status).toBe(200);
    expect((await call('DELETE', '/api/aliases/stable/amd64-usr/current')).status).toBe(200);
    expect((await call('DELETE', '/api/releases/stable/amd64-usr/9003.2.0')).status).toBe(200);
    await edge.poll();
    await edge.settle();
    expect(edge.events.at(-1)).toMatchObject({ event: 'poll' });
    expect(edge.events.filter((event) => 'bug' in event)).toEqual([]);
  });
});

describe('0.1.0 with a STORAGE_KEY', () => {
  it('boots and answers as before', async () => {
    const { at, config, machines, api } = answers.storageKey as unknown as {
      at: string;
      config: Record<string, string>;
      machines: object;
      api: Record<string, Answer>;
    };
    const old = await env.RELEASES.list();
    await env.RELEASES.delete(old.objects.map(({ key }) => key));
    await restore(sealedState as StoredObject[]);
    const edge = edgeAt(at, config);
    for (const [path, answer] of Object.entries(api)) await expectSame(edge, path, answer, bearer(config));
    for (const [, { boots }] of machinesOf(machines))
      for (const [path, answer] of Object.entries(boots)) await expectSame(edge, path, answer);
  });
});
