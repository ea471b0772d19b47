/** Ranges and preconditions through the Worker: a good upstream, a dumb one and R2 give the same answers. */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/shared/bytes.ts';
import { type Edge, openEdge } from '../support/edge.ts';
import { UpstreamTenant } from '../support/upstream-tenant.ts';
import { type Known, RANGE_CASES, SIZE } from './range-cases.ts';

const VERSION = '4593.2.5';
const FILE = 'flatcar_production_image.vmlinuz';
const PATH = `/stable/amd64-usr/${VERSION}/${FILE}`;

/** Rows of the table that show that each source does what was decided; all rows run in delivery.test.ts. */
const ROWS = [
  'no header',
  'open end',
  'from the start, open',
  'suffix',
  'start = size',
  'several ranges',
  'HEAD ignores Range',
  'If-Range strong, same',
  'If-Range strong, other',
  'If-Match other',
  'If-None-Match same',
  'If-None-Match same, HEAD',
  "If-None-Match in the old servers' form",
  'If-Modified-Since same',
  'If-Unmodified-Since earlier',
].map((name) => {
  const row = RANGE_CASES.find(([known]) => known === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return row;
});
const last = SIZE - 1;

describe.each(['good upstream', 'dumb upstream', 'R2'] as const)('range and preconditions over %s', (source) => {
  const tenant = new UpstreamTenant('range');
  let edge: Edge;
  let bytes: Uint8Array;
  let known: Known;

  beforeAll(async () => {
    await reset();
    await tenant.release({
      channel: 'stable',
      board: 'amd64-usr',
      version: VERSION,
      files: { [FILE]: SIZE },
      bare: true,
    });
    bytes = await tenant.bytes(`stable/amd64-usr/${VERSION}/${FILE}`);
    if (source === 'dumb upstream') await tenant.switches({ ranges: false, preconditions: false, etag: false });
    edge = await openEdge(tenant);
    if (source === 'R2') await mirror(bytes);
    const head = await edge.fetch(PATH, { method: 'HEAD' });
    known = { etag: head.headers.get('etag') ?? '', date: head.headers.get('last-modified') ?? '' };
    expect(head.headers.get('x-flatcar-source')).toBe(source === 'R2' ? 'mirror' : 'upstream');
  });

  // A strong ETag and a Repr-Digest are of these bytes: whoever would take them packed gets them as they are.
  const rows = ROWS.flatMap((row) => ['', 'gzip, br'].map((encoding) => [...row, encoding] as const));
  it.each(rows)('%s (%s)', async (_name, method, headers, expected, encoding) => {
    const taken: Record<string, string> = encoding === '' ? {} : { 'accept-encoding': encoding };
    const response = await edge.fetch(PATH, { method, headers: { ...headers(known), ...taken } });
    const body = new Uint8Array(await response.arrayBuffer());
    const [status, start, end] = typeof expected === 'number' ? [expected, 0, last] : expected;
    expect(response.status).toBe(status);
    const { headers: got } = response;
    if (status === 412 || status === 416) {
      expect(got.get('cache-control')).toBe('no-store');
      expect(got.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(got.get('content-range')).toBe(status === 416 ? `bytes */${SIZE}` : null);
      return;
    }
    expect(got.get('etag')).toBe(known.etag);
    expect(got.get('last-modified')).toBe(known.date);
    expect(got.get('cache-control')).toBe(cachingOf(source, status));
    expect(got.get('content-range')).toBe(status === 206 ? `bytes ${start}-${end}/${SIZE}` : null);
    if (status === 304) {
      expect(body.length).toBe(0);
      expect(got.get('content-length')).toBeNull();
      return;
    }
    expect(got.get('accept-ranges')).toBe('bytes');
    expect(got.get('content-encoding')).toBeNull();
    expect(got.get('set-cookie')).toBeNull();
    expect(got.get('content-length')).toBe(String(end - start + 1));
    if (method === 'HEAD') expect(body.length).toBe(0);
    else expect(toHex(body) === toHex(bytes.subarray(start, end + 1))).toBe(true);
  });
});

function cachingOf(source: string, status: number): string {
  if (source === 'R2') return 'public, max-age=31536000, immutable, no-transform';
  return status === 206 ? 'no-store, no-transform' : 'public, max-age=300, no-transform';
}

/** Puts the file into the bucket as publish does. */
async function mirror(bytes: Uint8Array): Promise<void> {
  const key = `files/stable/amd64-usr/${VERSION}/${FILE}/1`;
  const object = await env.RELEASES.put(key, bytes);
  const sha512 = toHex(new Uint8Array(await crypto.subtle.digest('SHA-512', new Uint8Array(bytes))));
  const at = '2026-08-13T15:48:35Z';
  const entry = {
    key,
    etag: object?.etag ?? '',
    size: bytes.length,
    sha512,
    modified: at,
    verifiedAt: at,
    signedBy: 'A'.repeat(40),
  };
  const manifest = {
    channel: 'stable',
    board: 'amd64-usr',
    version: VERSION,
    publishedAt: at,
    files: { [FILE]: entry },
  };
  await env.RELEASES.put(`manifests/stable/amd64-usr/${VERSION}.json`, JSON.stringify(manifest));
}
