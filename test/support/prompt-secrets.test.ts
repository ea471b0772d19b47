/** What answers promptly answers as Web Crypto does: what the one has sealed or signed, the other opens and accepts. */
import { afterEach, expect, it } from 'vitest';
import { Capabilities } from '../../src/machines/boot/capability.ts';
import { Vault } from '../../src/machines/records/vault.ts';
import { sha512Hex } from '../../src/shared/bytes.ts';
import { makeSecretsPrompt, restoreSecrets } from './prompt-secrets.ts';

const SECRET = 'a-secret-of-at-least-thirty-two-bytes';
const TEXT = 'a text with ümlauts, longer than a block or two of the cipher';
const capability = { machine: 'vm', epoch: 'e', nonce: 'n', expiry: 0 };
const bytes = new Uint8Array(new TextEncoder().encode(TEXT));

afterEach(restoreSecrets);

/** The same things made by both. */
async function byBoth<T>(work: () => Promise<T>): Promise<{ real: T; prompt: T }> {
  const real = await work();
  makeSecretsPrompt();
  return { real, prompt: await work() };
}

it('digests and signatures are the same', async () => {
  const { real, prompt } = await byBoth(async () => [
    await sha512Hex(bytes),
    await new Capabilities([SECRET]).mint(capability),
  ]);
  expect(prompt).toEqual(real);
});

it('what the one has sealed, the other opens; with another context neither does', async () => {
  const { real, prompt } = await byBoth(async () => {
    const vault = new Vault([SECRET], []);
    return { vault, sealed: await vault.seal(TEXT, 'context') };
  });
  for (const context of ['context', 'another']) {
    const expected = context === 'context' ? { ok: true, value: TEXT } : { ok: false, error: { reason: 'tampered' } };
    expect(await prompt.vault.open(real.sealed, context)).toEqual(expected);
    expect(await prompt.vault.open(prompt.sealed, context)).toEqual(expected);
  }
  restoreSecrets();
  expect(await real.vault.open(prompt.sealed, 'context')).toEqual({ ok: true, value: TEXT });
});
