/** Update payloads and what stands beside mirrored files: mirrored, listed, served and passed through like images. */
import { createHash, generateKeyPairSync, randomBytes, verify as verifySignature } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makePayload, makeSigning, type PayloadOptions } from '../../tools/release-server/payload.ts';
import { makeSigningKey } from '../../tools/release-server/signing-key.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const VERSION = '4593.2.5';
const KERNEL = 'flatcar_production_pxe.vmlinuz';
const UPDATE = 'flatcar_production_update.gz';
const OEM = 'oem-azure.gz';
const signing = makeSigning();
const key = await makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') });
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

interface World {
  readonly edge: NodeEdge;
  /** What the host of updates has, by path. */
  readonly host: Map<string, Buffer>;
}

async function open(
  payloads: Record<string, Buffer>,
  vars: Record<string, string> = {},
  after?: NodeEdge,
): Promise<World> {
  const host = new Map<string, Buffer>(
    Object.entries(payloads).map(([name, bytes]) => [`/amd64-usr/${VERSION}/${name}`, bytes] as const),
  );
  const edge = await nodeEdge({
    key,
    ...(after === undefined ? {} : { over: after.bucket.r2 }),
    vars: {
      UPDATE_URL: 'http://updates.test/{board}/{version}/{file}',
      UPDATE_KEY: signing.publicKey,
      UPDATE_FILES: Object.keys(payloads)
        .filter((name) => name.endsWith('.gz'))
        .join(),
      ...vars,
    },
    elsewhere: (request) => {
      const { host: name, pathname } = new URL(request.url);
      const bytes = name === 'updates.test' ? host.get(pathname) : undefined;
      if (bytes === undefined) return undefined;
      const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '');
      const from = Number(range?.[1] ?? 0);
      const part = bytes.subarray(from, range?.[2] ? Number(range[2]) + 1 : bytes.length);
      const headers = {
        etag: `"${bytes.length}-${sha256(bytes).slice(0, 8)}"`,
        'content-length': String(part.length),
        ...(range === null ? {} : { 'content-range': `bytes ${from}-${from + part.length - 1}/${bytes.length}` }),
      };
      const body = request.method === 'HEAD' ? null : new Uint8Array(part);
      return Promise.resolve(new Response(body, { status: range === null ? 200 : 206, headers }));
    },
  });
  return { edge, host };
}

const payload = (options: Partial<PayloadOptions> = {}) =>
  makePayload({ data: randomBytes(2000), signings: [signing], ...options });
const path = (name: string) => `/update/amd64-usr/${VERSION}/${name}`;
const text = async (edge: NodeEdge, name: string) => await (await edge.fetch(name)).text();
const failure = async ({ edge }: World) => {
  await edge.call('PUT', `/api/mirrors/stable/amd64-usr/${VERSION}`);
  const [outcome] = await edge.runAll();
  const job = (await (await edge.call('GET', `/api/mirrors/stable/amd64-usr/${VERSION}`)).json()) as {
    reason?: string;
  };
  return { outcome, reason: job.reason };
};

describe('an update payload', () => {
  it('is mirrored with its release, and served with ranges and digests like an image', async () => {
    const bytes = payload();
    const { edge, host } = await open({ [UPDATE]: bytes, [`${UPDATE}.sha256`]: Buffer.from(`${sha256(bytes)}  x\n`) });
    await edge.mirror(VERSION);
    host.clear();
    const whole = await edge.fetch(path(UPDATE));
    expect(whole.status).toBe(200);
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    expect(whole.headers.get('x-flatcar-signed-by')).toBe(signing.id);
    expect(whole.headers.get('cache-control')).toContain('immutable');
    const part = await edge.fetch(path(UPDATE), { headers: { range: 'bytes=100-199' } });
    expect([part.status, Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100, 200))]).toEqual([206, true]);
    expect(await text(edge, path(`${UPDATE}.sha256`))).toBe(`${sha256(bytes)}  ${UPDATE}\n`);
    const listed = (await (await edge.fetch(path(''), { headers: { accept: 'application/json' } })).json()) as {
      name: string;
      url: string;
    }[];
    expect(listed.map(({ name }) => name)).toEqual(['SHA256SUMS', 'SHA512SUMS', UPDATE, `${UPDATE}.provenance.json`]);
    for (const { url } of listed) expect([url, (await edge.fetch(url)).status]).toEqual([url, 200]);
    expect(await text(edge, '/stable/amd64-usr/4593.2.5/')).not.toContain(UPDATE);
    const index = JSON.parse(await text(edge, '/releases.json')) as {
      channels: Record<string, Record<string, Record<string, { files: object; updates: object }>>>;
    };
    const release = index.channels['stable']?.['amd64-usr']?.[VERSION];
    expect(Object.keys(release?.updates ?? {})).toEqual([UPDATE, `${UPDATE}.provenance.json`]);
    expect(Object.keys(release?.files ?? {})).not.toContain(`update/${UPDATE}`);
  });

  it('is where the scripts of its release send for system extensions, and no other script does', async () => {
    const { edge } = await open({ [OEM]: payload() });
    const scriptOf = async (version: string) => {
      const ignition = '{"ignition":{"version":"3.3.0"}}';
      const made = await edge.call('PUT', `/api/machines/vm?version=${version}`, ignition);
      const { urls } = (await made.json()) as { urls: { ipxe: string } };
      return await (await edge.fetchUrl(urls.ipxe)).text();
    };
    expect(await scriptOf(VERSION)).not.toContain('release_file_server_url');
    await edge.mirror(VERSION);
    expect(await scriptOf(VERSION)).toContain(' flatcar.release_file_server_url=http://edge.test/update');
    expect(await scriptOf('current')).toContain(' flatcar.release_file_server_url=http://edge.test/update');
    expect(await scriptOf('4593.2.4')).not.toContain('release_file_server_url');
  });

  it('is served below the host of updates', async () => {
    const { edge } = await open({ [UPDATE]: payload() }, { RELEASE_HOST_SUFFIX: 'mirror.example' });
    await edge.mirror(VERSION);
    const answer = await edge.fetchUrl(`http://update.mirror.example/amd64-usr/${VERSION}/${UPDATE}`);
    expect([answer.status, answer.headers.get('x-flatcar-source')]).toEqual([200, 'mirror']);
  });

  it.each<[string, () => Buffer, string]>([
    ['signed by another key', () => payload({ signings: [makeSigning()] }), 'payload-bad-signature'],
    ['with a signature over another length', () => payload({ leftOut: 1 }), 'payload-bad-signature'],
    ['whose manifest lies', () => payload({ signaturesOffset: 1n << 63n }), 'payload-wrong-length'],
    ['that is cut off', () => payload().subarray(0, 500), 'payload-wrong-length'],
    ['that declares 4 GiB', () => payload({ signaturesOffset: 1n << 32n }), 'payload-wrong-length'],
    ['that is none', () => Buffer.from('PK'.repeat(500)), 'payload-not-crau'],
  ])(
    'fails its job with its own reason when it is one %s, and nothing of the release is readable',
    async (_name, make, reason) => {
      const bytes = make();
      const world = await open({ [UPDATE]: bytes });
      expect(await failure(world)).toEqual({ outcome: 'failed', reason: `update/${UPDATE}: ${reason}` });
      world.host.clear();
      expect((await world.edge.fetch(path(UPDATE))).status).not.toBe(200);
      expect(await text(world.edge, '/releases.json')).not.toContain(VERSION);
    },
  );

  it('is refused that holds the kernel of another release', async () => {
    const world = await open({ [UPDATE]: payload({ kernel: createHash('sha256').update('other').digest() }) });
    expect(await failure(world)).toEqual({ outcome: 'failed', reason: `update/${UPDATE}: payload-of-another-release` });
    expect(await text(world.edge, '/releases.json')).not.toContain(VERSION);
  });

  it('is refused that is a system extension under the name of the update', async () => {
    const partition = createHash('sha256').update('an extension').digest();
    const world = await open({ [UPDATE]: payload({ partition }) });
    expect((await failure(world)).reason).toBe(`update/${UPDATE}: payload-of-another-release`);
  });

  it('is refused where the kernel was mirrored before, and is wanted no more', async () => {
    const { edge } = await open({});
    await edge.mirror(VERSION);
    const kernel = createHash('sha256').update('other').digest();
    const later = await open({ [UPDATE]: payload({ kernel }) }, { MIRROR_FILES: 'absent.raw' }, edge);
    expect((await failure(later)).reason).toBe('payload-of-another-release');
  });

  it('is good with the kernel of its release', async () => {
    const { edge } = await open({ [UPDATE]: payload() });
    await edge.mirror(VERSION);
    const kernel = (await text(edge, `/stable/amd64-usr/${VERSION}/${KERNEL}.sha256`)).slice(0, 64);
    const other = await open({ [UPDATE]: payload({ kernel: Buffer.from(kernel, 'hex') }) });
    expect((await failure(other)).outcome).toBe('complete');
  });

  it('fails its job when the .sha256 beside it is another one, or none', async () => {
    const bytes = payload();
    const wrong = await open({ [UPDATE]: bytes, [`${UPDATE}.sha256`]: Buffer.from(`${'a'.repeat(64)}  x\n`) });
    expect((await failure(wrong)).reason).toBe(`update/${UPDATE}: wrong-digest`);
    const none = await open({ [UPDATE]: bytes, [`${UPDATE}.sha256`]: Buffer.from('<html>') });
    expect((await failure(none)).reason).toBe(`update/${UPDATE}: digest-malformed`);
  });

  it('passes through when it is not mirrored, and its end is held back until it has verified', async () => {
    const good = payload({ data: randomBytes(600_000) });
    const bad = Buffer.from(good);
    bad[100_000] = (bad[100_000] ?? 0) ^ 1;
    const { edge, host } = await open({ [UPDATE]: good, [OEM]: bad });
    const answer = await edge.fetch(path(UPDATE));
    expect(answer.headers.get('x-flatcar-source')).toBe('upstream');
    expect(Buffer.from(await answer.arrayBuffer()).equals(good)).toBe(true);
    const part = await edge.fetch(path(UPDATE), { headers: { range: 'bytes=0-9' } });
    expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 10]);
    let received = 0;
    const spoilt = await edge.fetch(path(OEM));
    const reader = spoilt.body?.getReader();
    await (async () => {
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
        if (done) return;
        received += value?.length ?? 0;
      }
    })().catch(() => undefined);
    expect(received).toBeLessThanOrEqual(bad.length - 256 * 1024);
    await edge.settle();
    expect((await edge.fetch(path(OEM))).status).toBe(502);
    host.set(`/amd64-usr/${VERSION}/other.gz`, Buffer.from('nothing'));
    expect((await edge.fetch(path('other.gz'))).status).toBe(502);
    expect((await edge.fetch(path('absent.gz'))).status).toBe(404);
  });

  it.each([
    '/update/',
    '/update/amd64-usr/',
    '/update/amd64-usr/current/x.gz',
    '/update/mips-usr/4593.2.5/x.gz',
    '/update/amd64-usr/4593.7.5/x.gz',
    '/update/amd64-usr/4593.2.5/a/b',
    '/update/amd64-usr/4593.2.5/',
    '/stable/amd64-usr/4593.2.5/update/x.gz',
  ])('is not at %s', async (name) => {
    const { edge } = await open({});
    expect((await edge.fetch(name)).status).toBe(404);
  });
});

describe('beside a mirrored file', () => {
  it('stand its digests, in lists as sha256sum writes them, of all files of the directory', async () => {
    const { edge } = await open({});
    await edge.mirror(VERSION);
    for (const [list, algorithm] of [
      ['SHA256SUMS', 'sha256'],
      ['SHA512SUMS', 'sha512'],
    ] as const) {
      for (const below of [VERSION, 'current']) {
        const lines = (await text(edge, `/stable/amd64-usr/${below}/${list}`)).trimEnd().split('\n');
        expect(lines.map((line) => line.split('  ')[1])).toContain('version.txt.sig');
        for (const line of lines) {
          const [digest, name = ''] = line.split('  ');
          const bytes = Buffer.from(await (await edge.fetch(`/stable/amd64-usr/${below}/${name}`)).arrayBuffer());
          expect(createHash(algorithm).update(bytes).digest('hex'), name).toBe(digest);
        }
      }
    }
    const one = await edge.fetch(`/stable/amd64-usr/${VERSION}/${KERNEL}.sha512`);
    expect(await one.text()).toMatch(new RegExp(`^[0-9a-f]{128}  ${KERNEL}\n$`));
    const again = await edge.fetch(`/stable/amd64-usr/${VERSION}/SHA256SUMS`);
    const tag = again.headers.get('etag') ?? '';
    const cached = await edge.fetch(`/stable/amd64-usr/${VERSION}/SHA256SUMS`, { headers: { 'if-none-match': tag } });
    expect(cached.status).toBe(304);
  });

  it('stands nothing of a release that is not mirrored, whatever upstream has there', async () => {
    const { edge } = await open({});
    for (const name of ['SHA256SUMS', `${KERNEL}.sha256`, `${KERNEL}.provenance.json`, `${KERNEL}.sigstore.json`])
      expect([name, (await edge.fetch(`/stable/amd64-usr/${VERSION}/${name}`)).status]).toEqual([name, 404]);
  });

  it('stands a statement of what was checked, signed where there is a key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const { edge } = await open({ [UPDATE]: payload() }, { PROVENANCE_KEY: pem });
    await edge.mirror(VERSION);
    expect(await text(edge, '/keys/provenance.pem')).toBe(publicKey.export({ format: 'pem', type: 'spki' }));
    for (const file of [`/stable/amd64-usr/${VERSION}/${KERNEL}`, path(UPDATE)]) {
      const statement = await text(edge, `${file}.provenance.json`);
      const { subject, predicate } = JSON.parse(statement) as {
        subject: { name: string; digest: { sha256: string } }[];
        predicate: { checks: { check: string }[]; verifiedAt: string; release: object };
      };
      const bytes = Buffer.from(await (await edge.fetch(file)).arrayBuffer());
      expect(subject).toMatchObject([{ name: file.split('/').at(-1), digest: { sha256: sha256(bytes) } }]);
      expect(predicate.release).toEqual({ channel: 'stable', board: 'amd64-usr', version: VERSION });
      const { dsseEnvelope: envelope } = JSON.parse(await text(edge, `${file}.sigstore.json`)) as {
        dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] };
      };
      expect(Buffer.from(envelope.payload, 'base64').toString()).toBe(statement);
      const type = envelope.payloadType;
      const signed = Buffer.from(`DSSEv1 ${type.length} ${type} ${statement.length} ${statement}`);
      const sig = Buffer.from(envelope.signatures[0]?.sig ?? '', 'base64');
      expect(verifySignature('sha256', signed, publicKey, sig)).toBe(true);
      signed[signed.length - 3] = (signed[signed.length - 3] ?? 0) ^ 1;
      expect(verifySignature('sha256', signed, publicKey, sig)).toBe(false);
    }
  });

  it('is no signature without a key', async () => {
    const { edge } = await open({});
    await edge.mirror(VERSION);
    expect((await edge.fetch(`/stable/amd64-usr/${VERSION}/${KERNEL}.provenance.json`)).status).toBe(200);
    expect((await edge.fetch(`/stable/amd64-usr/${VERSION}/${KERNEL}.sigstore.json`)).status).toBe(404);
    expect((await edge.fetch('/keys/provenance.pem')).status).toBe(404);
  });
});
