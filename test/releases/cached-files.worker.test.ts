/** Whole mirrored files by way of an entrypoint that may be cached: what it is asked for, and that it decides nothing. */
import { reset } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { sameBytes } from '../../src/shared/bytes.ts';
import { type Edge, type EdgeOptions, OPERATOR, OPERATOR_TOKEN, openEdge } from '../support/edge.ts';
import { KERNEL } from '../support/release.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';

const RELEASE = { channel: 'stable', board: 'amd64-usr', version: '4593.2.5' } as const;
const PATH = `/stable/amd64-usr/4593.2.5/${KERNEL}`;
const ALIAS_PATH = `/stable/amd64-usr/current/${KERNEL}`;

type Cache = NonNullable<EdgeOptions['cache']>;

let tenant: UpstreamTenant;
beforeEach(async () => {
  await reset();
  tenant = new UpstreamTenant('cached');
  await tenant.release({ ...RELEASE, files: { [KERNEL]: 70_000 }, aliases: ['current'], bare: true });
});

/** An edge with the release mirrored; `asked` are the requests that reached the entrypoint. */
async function mirrored(cache: Cache, vars: Record<string, string> = {}) {
  const asked: Request[] = [];
  const edge = await openEdge(tenant, {
    vars: { OPERATOR_TOKEN, MIRROR: 'stable/amd64-usr', MIRROR_FILES: `version.txt,${KERNEL}`, ...vars },
    cache: (request, inner) => {
      asked.push(request);
      return cache(request, inner);
    },
  });
  await edge.fetch('/api/mirrors/stable/amd64-usr/current', { method: 'PUT', headers: OPERATOR });
  expect(await edge.runAll()).toEqual(['complete']);
  return { edge, asked };
}

const passing: Cache = (request, inner) => inner(request);
/** Keeps every 200 for ever, as Cloudflare would with what it is told. */
const keeping = (): Cache => {
  const kept = new Map<string, { bytes: ArrayBuffer; headers: Headers }>();
  return async (request, inner) => {
    const known = kept.get(request.url);
    if (known !== undefined) {
      const headers = new Headers(known.headers);
      headers.set('cf-cache-status', 'HIT');
      return new Response(known.bytes, { headers });
    }
    const answer = await inner(request);
    if (answer.status === 200)
      kept.set(request.url, { bytes: await answer.clone().arrayBuffer(), headers: answer.headers });
    return answer;
  };
};
const bytesAt = async (edge: Edge, path: string) => new Uint8Array(await (await edge.fetch(path)).arrayBuffer());

describe('a download through the cache', () => {
  it('asks for the object by key and etag: the channel is in the path, the alias is not, no header goes along', async () => {
    const { edge, asked } = await mirrored(passing);
    const init = { headers: { authorization: 'Bearer x', cookie: 'a=b', 'x-forwarded-host': 'evil.test' } };
    const answer = await edge.fetch(`${ALIAS_PATH}?query=1`, init);
    expect(sameBytes(new Uint8Array(await answer.arrayBuffer()), await tenant.bytes(PATH.slice(1)))).toBe(true);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=60, no-transform');
    const [request] = asked;
    expect(request?.url).toMatch(
      /^https:\/\/downloads\.invalid\/files\/stable\/amd64-usr\/4593\.2\.5\/.*\/1\?etag=.+&size=70000$/,
    );
    expect([...(request?.headers ?? [])]).toEqual([]);
  });

  it('is the same request for a number and for the alias', async () => {
    const { edge, asked } = await mirrored(passing);
    await bytesAt(edge, PATH);
    await bytesAt(edge, ALIAS_PATH);
    expect(asked[0]?.url).toBe(asked[1]?.url);
  });

  it('a part, a HEAD and a 304 do not go there', async () => {
    const { edge, asked } = await mirrored(passing);
    const part = await edge.fetch(PATH, { headers: { range: 'bytes=10-19' } });
    expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 10]);
    const head = await edge.fetch(PATH, { method: 'HEAD' });
    const again = await edge.fetch(PATH, { headers: { 'if-none-match': head.headers.get('etag') ?? '' } });
    expect([head.status, again.status, asked.length]).toEqual([200, 304, 0]);
  });

  it('a kept answer serves the right bytes, and the log says what the cache did', async () => {
    const { edge } = await mirrored(keeping());
    const first = await bytesAt(edge, PATH);
    const second = await bytesAt(edge, PATH);
    expect(sameBytes(first, second)).toBe(true);
    await edge.settle();
    expect(edge.events.filter(({ path }) => path === PATH).map(({ cache }) => cache)).toEqual(['none', 'HIT']);
  });

  it('a quarantined release is 404 at once, whatever the cache keeps', async () => {
    const { edge } = await mirrored(keeping());
    await bytesAt(edge, PATH);
    await edge.fetch('/api/releases/stable/amd64-usr/4593.2.5', { method: 'DELETE', headers: OPERATOR });
    expect((await edge.fetch(PATH)).status).toBe(404);
  });

  const failures: [what: string, cache: Cache][] = [
    ['fails', async () => Promise.reject(new Error('no such entrypoint'))],
    ['answers 503', async () => new Response('busy', { status: 503 })],
    ['answers another length', async () => new Response('short', { headers: { 'content-length': '5' } })],
    ['answers a part', async () => new Response('part', { status: 206 })],
  ];
  it.each(failures)('an entrypoint that %s is passed by', async (_what, cache) => {
    const { edge } = await mirrored(cache);
    expect(sameBytes(await bytesAt(edge, PATH), await tenant.bytes(PATH.slice(1)))).toBe(true);
  });

  it('is switched off by DOWNLOAD_CACHE', async () => {
    const { edge, asked } = await mirrored(passing, { DOWNLOAD_CACHE: 'false' });
    expect((await bytesAt(edge, PATH)).length).toBe(70_000);
    expect(asked).toEqual([]);
  });
});

describe('the entrypoint in the real runtime', () => {
  const ask = (path: string) => exports.Downloads.fetch(`https://downloads.invalid${path}`);

  it('hands out exactly the object that is named, to be kept, with tags and without s-maxage', async () => {
    const stored = await env.RELEASES.put('files/stable/amd64-usr/1.2.3/f/1', 'bytes');
    const answer = await ask(`/files/stable/amd64-usr/1.2.3/f/1?etag=${stored?.etag}&size=5`);
    expect([answer.status, await answer.text()]).toEqual([200, 'bytes']);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable, no-transform');
    expect(answer.headers.get('content-length')).toBe('5');
    expect(answer.headers.get('cache-tag')).toBe('downloads,stable/amd64-usr,stable/amd64-usr/1.2.3');
  });

  it.each([
    ['another etag', '/files/stable/amd64-usr/1.2.3/f/1?etag=other&size=5'],
    ['no etag', '/files/stable/amd64-usr/1.2.3/f/1?size=5'],
    ['what is no release file', '/machines/vm-1.json?etag=x&size=5'],
    ['a path that climbs', '/files/../machines/vm-1.json?etag=x&size=5'],
  ])('%s is 404, not to be kept', async (_what, path) => {
    await env.RELEASES.put('files/stable/amd64-usr/1.2.3/f/1', 'bytes');
    await env.RELEASES.put('machines/vm-1.json', '{}');
    const answer = await ask(path);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([404, 'no-store']);
  });
});
