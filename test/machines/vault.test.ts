/** What is stored encrypted: readable under every configured key, for its owner alone. */
import { describe, expect, it } from 'vitest';
import { Vault } from '../../src/machines/records/vault.ts';

const [ONE, TWO, SECRET] = ['1', '2', 's'].map((letter) => letter.repeat(32)) as [string, string, string];

describe('the vault', () => {
  it('gives back what it was given, and shows nothing of it', async () => {
    const vault = new Vault([ONE], []);
    const sealed = await vault.seal('join-token é\ufeff', 'machine:a:1');
    expect(JSON.stringify(sealed)).not.toContain('join');
    expect(await vault.open(sealed, 'machine:a:1')).toEqual({ ok: true, value: 'join-token é\ufeff' });
  });
  it('never seals the same text to the same bytes', async () => {
    const vault = new Vault([ONE], []);
    const [a, b] = await Promise.all([vault.seal('x', 'c'), vault.seal('x', 'c')]);
    expect(a.data).not.toBe(b.data);
  });
  it.each(['machine:b:1', 'machine:a:2', ''])('does not open for %j', async (context) => {
    const vault = new Vault([ONE], []);
    const sealed = await vault.seal('x', 'machine:a:1');
    expect(await vault.open(sealed, context)).toEqual({ ok: false, error: { reason: 'tampered' } });
  });
  it('the first key writes, all read', async () => {
    const sealed = await new Vault([ONE], []).seal('x', 'c');
    expect(await new Vault([TWO, ONE], []).open(sealed, 'c')).toEqual({ ok: true, value: 'x' });
    expect(await new Vault([TWO], []).open(sealed, 'c')).toEqual({ ok: false, error: { reason: 'no-key' } });
    expect((await new Vault([TWO, ONE], []).seal('x', 'c')).key).not.toBe(sealed.key);
  });
  it('capability secrets stand in, and stay readable once there is a key of its own', async () => {
    const sealed = await new Vault([], [SECRET]).seal('x', 'c');
    expect((await new Vault([ONE], [SECRET]).open(sealed, 'c')).ok).toBe(true);
    // The same secret under another label is another key.
    expect(await new Vault([SECRET], []).open(sealed, 'c')).toEqual({ ok: false, error: { reason: 'no-key' } });
    expect(await new Vault([ONE], [SECRET]).keyIds()).toHaveLength(2);
  });
});
