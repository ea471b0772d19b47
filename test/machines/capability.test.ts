/** Capabilities: what was minted is read, and nothing else, down to the last bit. */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Capabilities, randomText } from '../../src/machines/boot/capability.ts';

const ONE = 'a'.repeat(32);
const OTHER = 'b'.repeat(32);
const given = { machine: 'vm-1.example', epoch: 'epoch', nonce: 'nonce', expiry: 1_800_000_000 };
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('capabilities', () => {
  it('are what the design says: five parts, the mac over exactly the rest', async () => {
    const text = await new Capabilities([ONE]).mint(given);
    expect(text).toMatch(/^vm-1\.example\.epoch\.nonce\.1800000000\.[A-Za-z0-9_-]{22}$/);
    expect(await new Capabilities([ONE]).read(text)).toEqual(given);
  });

  it('of earlier versions, with a whole mac, stay good', async () => {
    // By node:crypto, another implementation than that of the Worker.
    const whole = createHmac('sha256', ONE).update('vm-1.example.epoch.nonce.1800000000').digest('base64url');
    const text = `vm-1.example.epoch.nonce.1800000000.${whole}`;
    expect(await new Capabilities([ONE]).read(text)).toEqual(given);
    for (const length of [0, 21, 23, 30, 42]) {
      const cut = `vm-1.example.epoch.nonce.1800000000.${whole.slice(0, length)}`;
      expect(await new Capabilities([ONE]).read(cut), String(length)).toBeUndefined();
    }
  });

  it('fit the 127 characters of the BOOTP file field, with an origin of 30 and an id of 24', async () => {
    const capability = { machine: 'm'.repeat(24), epoch: randomText(), nonce: randomText(), expiry: 0 };
    const url = `${'o'.repeat(30)}/boot/${await new Capabilities([ONE]).mint(capability)}/ipxe`;
    expect(url.length).toBeLessThanOrEqual(127);
  });

  it('the first secret mints, all are accepted, others are not', async () => {
    const text = await new Capabilities([ONE, OTHER]).mint(given);
    expect(await new Capabilities([OTHER, ONE]).read(text)).toEqual(given);
    expect(await new Capabilities([OTHER]).read(text)).toBeUndefined();
    expect(await new Capabilities([]).read(text)).toBeUndefined();
  });

  it("the spare bits of base64url's last character make no second text", async () => {
    const text = await new Capabilities([ONE]).mint(given);
    const last = ALPHABET.indexOf(text.at(-1) ?? '');
    for (let spare = 1; spare < 16; spare += 1) {
      const other = `${text.slice(0, -1)}${ALPHABET[last ^ spare]}`;
      expect(await new Capabilities([ONE]).read(other)).toBeUndefined();
    }
  });

  it('10,000 mutations are nothing', async () => {
    const capabilities = new Capabilities([ONE]);
    const text = await capabilities.mint(given);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.constantFrom('replace', 'insert', 'remove', 'cut', 'append'),
        fc.constantFrom(...ALPHABET, '.', '=', '%', '+', '/', ' ', 'é'),
        async (at, how, character) => {
          const changed = {
            replace: `${text.slice(0, at)}${character}${text.slice(at + 1)}`,
            insert: `${text.slice(0, at)}${character}${text.slice(at)}`,
            remove: `${text.slice(0, at)}${text.slice(at + 1)}`,
            cut: text.slice(0, at),
            append: `${text}${character}`,
          }[how];
          if (changed !== text) expect(await capabilities.read(changed)).toBeUndefined();
        },
      ),
      { numRuns: 10_000 },
    );
  });

  it('a part cannot be moved over a dot into another', async () => {
    const capabilities = new Capabilities([ONE]);
    // The same signed text as machine `a.b`, epoch `c`: parsed from the right, it names `a.b`.
    const text = await capabilities.mint({ machine: 'a.b', epoch: 'c', nonce: 'd', expiry: 0 });
    expect(await capabilities.read(text)).toMatchObject({ machine: 'a.b', epoch: 'c' });
  });

  it('epochs and nonces hold no dot and are never the same', () => {
    const texts = new Set(Array.from({ length: 1000 }, randomText));
    expect(texts.size).toBe(1000);
    for (const text of texts) expect(text).toMatch(/^[A-Za-z0-9_-]{16}$/);
  });
});
