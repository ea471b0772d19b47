/** `/api/ignition` over HTTP: statuses, bodies, limits. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Edge, edgeOver, OPERATOR, OPERATOR_TOKEN } from '../support/edge.ts';

let edge: Edge;
beforeAll(() => {
  edge = edgeOver({ OPERATOR_TOKEN });
});

const post = async (path: string, body: BodyInit, headers: object = OPERATOR) =>
  await edge.fetch(`/api/ignition/${path}`, { method: 'POST', body, headers: { ...headers } });
const CONFIG = '{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"a"}]}}';

describe('validate', () => {
  it('answers 200 whatever the body holds, with the place of what is wrong', async () => {
    const answer = await post('validate', CONFIG);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toEqual({
      valid: false,
      version: null,
      kind: 'ignition',
      error: 'config is not valid',
      entries: [
        {
          severity: 'error',
          path: 'storage.files.0.path',
          message: 'path not absolute',
          line: 1,
          column: CONFIG.indexOf('"a"') + 1,
        },
      ],
    });
    expect((await post('validate', new Uint8Array([0xff, 0x00]))).status).toBe(200);
    expect((await post('validate', new Uint8Array([0x1f, 0x8b, 0xff]))).status).toBe(200);
  });
  it('answers 413 over 8 MiB', async () => {
    expect((await post('validate', new Uint8Array(8 * 1024 * 1024 + 1))).status).toBe(413);
    expect((await post('validate', new Uint8Array(8 * 1024 * 1024))).status).toBe(200);
  });
  it('needs the token, and POST', async () => {
    expect((await post('validate', CONFIG, {})).status).toBe(401);
    const answer = await edge.fetch('/api/ignition/validate', { headers: OPERATOR });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });
});

it('merge answers the config, or 422 with the entries', async () => {
  const side = (mode: number) => ({
    ignition: { version: '3.4.0' },
    storage: { files: [{ path: '/a', mode }] },
  });
  const good = await post('merge', JSON.stringify({ parent: side(1), child: side(2) }));
  expect(await good.json()).toEqual({ config: side(2), entries: [] });
  const wrong = { ...side(1), storage: { files: [{ path: 'a' }] } };
  const bad = await post('merge', JSON.stringify({ parent: side(1), child: wrong }));
  expect([bad.status, bad.headers.get('content-type')]).toEqual([422, 'application/problem+json']);
  expect(await bad.json()).toMatchObject({
    detail: 'an input is not valid',
    entries: [{ layer: 'child', severity: 'error', path: 'storage.files.0.path' }],
  });
});

it('hands out the schemas', async () => {
  expect((await edge.fetch('/api/ignition/schemas/3.4.0', { headers: OPERATOR })).status).toBe(200);
  expect((await edge.fetch('/api/ignition/schemas/9.9.9', { headers: OPERATOR })).status).toBe(404);
});
