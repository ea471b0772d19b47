/** Which secrets a deployment takes from the environment, makes, leaves alone or refuses. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { gatherSecrets } from '../../tools/deploy/secrets.ts';

const NAMES = ['OPERATOR_TOKEN', 'WEBHOOK_SECRET', 'CAPABILITY_SECRET', 'STORAGE_KEY'] as const;
const long = (name: string) => `${name}-of-at-least-32-bytes-and-more`;
const options = { present: [], generates: false, replaces: [], isInteractive: false };

beforeEach(() => {
  for (const name of NAMES) vi.stubEnv(name, long(name));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the secrets of a deployment', () => {
  it('come from the environment, all that the Worker lacks', async () => {
    const { values, made } = await gatherSecrets({ ...options, present: ['STORAGE_KEY'] });
    expect(Object.keys(values)).toEqual(NAMES.slice(0, 3));
    expect(values.OPERATOR_TOKEN).toBe(long('OPERATOR_TOKEN'));
    expect(made).toEqual([]);
  });

  it('are replaced only when that is asked for', async () => {
    expect((await gatherSecrets({ ...options, present: NAMES })).values).toEqual({});
    const { values } = await gatherSecrets({ ...options, present: NAMES, replaces: ['WEBHOOK_SECRET'] });
    expect(values).toEqual({ WEBHOOK_SECRET: long('WEBHOOK_SECRET') });
  });

  it('are made where they are missing, each another one', async () => {
    vi.stubEnv('STORAGE_KEY', '');
    vi.stubEnv('OPERATOR_TOKEN', undefined);
    const { values, made } = await gatherSecrets({ ...options, generates: true });
    expect(made).toEqual(['OPERATOR_TOKEN', 'STORAGE_KEY']);
    expect(values.OPERATOR_TOKEN).toMatch(/^[\w-]{43}$/);
    expect(values.STORAGE_KEY).not.toBe(values.OPERATOR_TOKEN);
  });

  it.each([
    ['a short one', 'short', 'STORAGE_KEY: each value must be at least 32 bytes long'],
    ['a short one among several', `${long('STORAGE_KEY')},short`, 'STORAGE_KEY: each value must be at least 32 bytes'],
    ['the one of npm start', 'local-capability-secret-for-npm-start', 'STORAGE_KEY: this is the one of npm start'],
    ['none', '', 'STORAGE_KEY missing'],
  ])('are refused: %s', async (_what, value, message) => {
    vi.stubEnv('STORAGE_KEY', value);
    await expect(gatherSecrets(options)).rejects.toThrow(message);
    // A value that is to replace another one is looked at as closely.
    const replacing = { ...options, present: NAMES, replaces: ['STORAGE_KEY'] };
    await expect(gatherSecrets(replacing)).rejects.toThrow(message);
  });
});
