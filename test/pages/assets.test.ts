/** The static files as the platform gives them: read once, and again only after a failure. */
import { describe, expect, it } from 'vitest';
import { Assets } from '../../src/pages/assets.ts';

/** Answers with each status in turn, and counts the reads. */
function played(...statuses: number[]) {
  const paths: string[] = [];
  const read = async (path: string) => {
    paths.push(path);
    const status = statuses.shift();
    if (status === undefined) throw new Error('the binding is gone');
    return new Response(status === 200 ? `text of ${path}` : null, { status });
  };
  return { assets: new Assets(read), paths };
}

describe('a static file', () => {
  it('is read once, and nobody waits for a reading that never ends', async () => {
    let reads = 0;
    const assets = new Assets(async () => {
      reads += 1;
      return reads === 1 ? await new Promise<Response>(() => undefined) : new Response('text');
    });
    void assets.get('/a.js');
    const second = await assets.get('/a.js');
    expect([second.ok, await assets.get('/a.js'), reads]).toEqual([true, second, 2]);
  });

  it('has an ETag of its bytes', async () => {
    const { assets } = played(200, 200);
    const [one, other] = [await assets.get('/a'), await assets.get('/b')];
    expect(one.ok && one.value.etag).toMatch(/^"[0-9a-f]{24}"$/);
    expect(other.ok && other.value.etag).not.toBe(one.ok && one.value.etag);
  });

  it.each([404, 500])('that the platform answers with %d is named, and read again', async (status) => {
    const { assets, paths } = played(status, 200);
    const refused = await assets.get('/a.js');
    expect(refused).toMatchObject({
      ok: false,
      error: { reason: 'unreadable', sentence: expect.stringContaining('/a.js') },
    });
    expect((await assets.get('/a.js')).ok).toBe(true);
    expect(paths).toHaveLength(2);
  });

  it('that cannot be asked for is an expected fault, with its cause', async () => {
    const refused = await played().assets.get('/a.js');
    expect(refused).toMatchObject({ ok: false, error: { cause: new Error('the binding is gone') } });
  });
});
