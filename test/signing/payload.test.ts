import { createHash, randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLATCAR_UPDATE_KEY, parsePayloadKeys } from '../../src/signing/payload/keys.ts';
import { PayloadVerification } from '../../src/signing/payload/verification.ts';
import {
  bytes,
  makePayload,
  makeSigning,
  number,
  type PayloadOptions,
  varint,
} from '../../tools/release-server/payload.ts';

const ours = makeSigning();
const another = makeSigning();
const keys = keysOf(ours.publicKey);
const data = randomBytes(300_000);
const kernel = createHash('sha256').update('kernel').digest();
const partition = createHash('sha256').update('partition').digest();

function keysOf(text: string) {
  const parsed = parsePayloadKeys(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function judge(payload: Uint8Array, chunkBytes = 65_536, known = keys) {
  const verification = new PayloadVerification(known, payload.length);
  for (let at = 0; at < payload.length; at += chunkBytes)
    verification.update(payload.slice(at, Math.min(payload.length, at + chunkBytes)));
  return verification.finish();
}

const made = (options: Partial<PayloadOptions> = {}) => makePayload({ data, signings: [ours], ...options });
const reasonOf = (payload: Uint8Array) => {
  const verdict = judge(payload);
  return verdict.ok ? 'good' : verdict.error.reason;
};

describe('an update payload', () => {
  it('is good, and says by which key and what it holds, in chunks of any length', () => {
    const payload = made({ kernel, partition });
    for (const chunkBytes of [1, 19, 21, 4096, payload.length]) {
      expect(judge(payload, chunkBytes)).toEqual({
        ok: true,
        value: { keyId: ours.id, content: { kernel: kernel.toString('hex'), partition: partition.toString('hex') } },
      });
    }
  });

  it('is good with two signatures of which one is by a known key, whichever it is', () => {
    expect(reasonOf(made({ signings: [another, ours] }))).toBe('good');
    expect(reasonOf(made({ signings: [ours, another] }))).toBe('good');
  });

  it('is good by any of several keys, so that a key can be replaced', () => {
    const both = keysOf(`${another.publicKey},${ours.publicKey}`);
    expect(judge(made(), 65_536, both)).toMatchObject({ ok: true, value: { keyId: ours.id } });
    expect(judge(made({ signings: [another] }), 65_536, both)).toMatchObject({
      ok: true,
      value: { keyId: another.id },
    });
  });

  it.each<[string, () => Uint8Array, string]>([
    ['signed by another key', () => made({ signings: [another] }), 'payload-bad-signature'],
    ['without a signature', () => made({ signings: [] }), 'payload-unsigned'],
    ['whose signature leaves the end of the data out', () => made({ leftOut: 1 }), 'payload-bad-signature'],
    ['whose manifest says that the data is shorter', () => made({ signaturesOffset: 1000n }), 'payload-wrong-length'],
    ['whose manifest says that the data is longer', () => made({ signaturesOffset: 300_001n }), 'payload-wrong-length'],
    ['whose signatures are at 2^63', () => made({ signaturesOffset: 1n << 63n }), 'payload-wrong-length'],
    ['whose signatures have 2^63 bytes', () => made({ signaturesSize: 1n << 63n }), 'payload-wrong-length'],
    ['whose signatures have no bytes', () => made({ signaturesSize: 0n }), 'payload-unsigned'],
    ['whose offset and size make 2^64', () => made({ signaturesOffset: (1n << 64n) - 265n }), 'payload-wrong-length'],
    ['that declares 4 GiB', () => made({ signaturesOffset: 1n << 32n }), 'payload-wrong-length'],
    ['whose manifest has 4 GiB', () => made({ manifestSize: 1n << 32n }), 'payload-malformed'],
    ['whose manifest has 2^63 bytes', () => made({ manifestSize: 1n << 63n }), 'payload-malformed'],
    ['whose manifest has no bytes', () => made({ manifestSize: 0n }), 'payload-malformed'],
    ['of version 2', () => made({ version: 2n }), 'payload-malformed'],
    ['that is no payload', () => Buffer.concat([Buffer.from('PK'), made()]), 'payload-not-crau'],
    ['that ends in its header', () => made().subarray(0, 10), 'payload-truncated'],
    ['that ends in its manifest', () => made().subarray(0, 30), 'payload-truncated'],
    ['that ends in its data', () => made().subarray(0, 1000), 'payload-wrong-length'],
    ['that is empty', () => Buffer.alloc(0), 'payload-truncated'],
    ['with bytes behind it', () => Buffer.concat([made(), Buffer.from([0])]), 'payload-wrong-length'],
  ])('is refused %s', (_name, make, reason) => {
    expect(reasonOf(make())).toBe(reason);
  });

  it('is refused when more bytes come than the file has', () => {
    const payload = made();
    const verification = new PayloadVerification(keys, payload.length);
    verification.update(payload);
    verification.update(new Uint8Array(5));
    expect(verification.finish()).toMatchObject({ ok: false, error: { reason: 'payload-wrong-length' } });
  });

  it('is refused with any bit changed of what is signed, or of the signature', () => {
    const payload = made({ data: data.subarray(0, 2000), kernel });
    // Between the two stand the lengths of the signature's message, and a number by which nobody goes.
    const framing = { from: payload.length - 265, to: payload.length - 256 };
    void fc.assert(
      fc.property(fc.nat(payload.length - 1), fc.nat(7), (at, bit) => {
        if (at >= framing.from && at < framing.to) return true;
        const spoilt = Buffer.from(payload);
        spoilt[at] = (spoilt[at] ?? 0) ^ (1 << bit);
        return reasonOf(spoilt) !== 'good';
      }),
      { numRuns: 500 },
    );
  });

  it('takes no payload of any bytes, and ends', () => {
    void fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.uint8Array({ maxLength: 400 }), (manifest, rest) => {
        const header = Buffer.alloc(20);
        header.write('CrAU');
        header.writeBigUInt64BE(1n, 4);
        header.writeBigUInt64BE(BigInt(manifest.length), 12);
        return reasonOf(Buffer.concat([header, manifest, rest])) !== 'good';
      }),
      { numRuns: 2000 },
    );
  });

  it('reads a manifest of millions of fields, and keeps none that nobody asks for', () => {
    const million = Buffer.alloc(4_000_000, Buffer.concat([number(15, 1n)]));
    expect(readable(million)).toBe('payload-unsigned');
    expect(readable(Buffer.alloc(4_000_000, number(4, 1n)))).toBe('payload-malformed');
  });

  it('takes a manifest with fields that are not known, and none with a varint that does not end', () => {
    const unknown = Buffer.concat([number(99, 5n), bytes(98, Buffer.from('x')), Buffer.from([0x0d, 1, 2, 3, 4])]);
    expect(readable(unknown)).toBe('payload-unsigned');
    expect(readable(Buffer.alloc(20, 0xff))).toBe('payload-malformed');
    expect(readable(Buffer.concat([varint(3n), varint(1n)]))).toBe('payload-malformed');
    expect(readable(bytes(1, Buffer.alloc(9)).subarray(0, 5))).toBe('payload-malformed');
  });
});

function readable(manifest: Uint8Array): string {
  const header = Buffer.alloc(20);
  header.write('CrAU');
  header.writeBigUInt64BE(1n, 4);
  header.writeBigUInt64BE(BigInt(manifest.length), 12);
  return reasonOf(Buffer.concat([header, manifest]));
}

describe('UPDATE_KEY', () => {
  it('has the key that Flatcar publishes', () => {
    expect(keysOf(FLATCAR_UPDATE_KEY).map(({ id }) => id)).toEqual([
      createHash('sha256').update(Buffer.from(FLATCAR_UPDATE_KEY, 'base64')).digest('hex'),
    ]);
  });

  it('takes PEM, several of them, and base64 with commas', () => {
    const pem = (base64: string) => `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`;
    const ids = [ours.id, another.id];
    expect(keysOf(pem(ours.publicKey) + pem(another.publicKey)).map(({ id }) => id)).toEqual(ids);
    expect(keysOf(`${ours.publicKey}, ${another.publicKey}`).map(({ id }) => id)).toEqual(ids);
  });

  it.each(['nonsense', 'AAAA', makeSigning(1024).publicKey, '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n'])(
    'says what is wrong with %s',
    (text) => {
      expect(parsePayloadKeys(text).ok).toBe(false);
    },
  );
});
