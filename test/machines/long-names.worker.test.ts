/** The calls that store configs refuse what no machine can use, and name the field. */
import { describe, expect, it } from 'vitest';
import { machineEdge } from '../support/operator.ts';

const LONG = JSON.stringify({
  ignition: { version: '3.4.0' },
  systemd: { units: [{ name: `${'a@'.repeat(100_000)}.socket`, enabled: true, contents: '[Install]\nWantedBy=x' }] },
});

describe('a unit with a name of 200 kB', () => {
  it.each(['/api/machines/long', '/api/profiles/long/base', '/api/profiles/long/default'])('%s', async (path) => {
    const answer = await machineEdge().call('PUT', path, LONG);
    expect(answer.status).toBe(422);
    const { detail } = await answer.json<{ detail: string }>();
    expect(detail).toContain('systemd.units.0.name: the name of a unit may have at most 255 bytes');
  });

  it('YAML over its limit is refused by a sentence that names it', async () => {
    const text = `variant: flatcar\nversion: 1.1.0\n#${'x'.repeat(256 * 1024)}\n`;
    const answer = await machineEdge().call('PUT', '/api/machines/long', text);
    expect(answer.status).toBe(422);
    expect((await answer.json<{ detail: string }>()).detail).toMatch(
      /over 262144 bytes, the limit for YAML; shorten it/,
    );
  });
});
