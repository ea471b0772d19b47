/** Makes update payloads (CrAU) as Flatcar's delta_generator does, and ones that are spoilt in a chosen way. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Signing {
  readonly privateKey: KeyObject;
  /** The base64 of the public key, as UPDATE_KEY takes it. */
  readonly publicKey: string;
  /** SHA-256 of it in hexadecimal. */
  readonly id: string;
}

export function makeSigning(bits = 2048): Signing {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const der = publicKey.export({ format: 'der', type: 'spki' });
  return { privateKey, publicKey: der.toString('base64'), id: createHash('sha256').update(der).digest('hex') };
}

export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

export const number = (field: number, value: bigint): Buffer =>
  Buffer.concat([varint(BigInt(field << 3)), varint(value)]);

export const bytes = (field: number, content: Uint8Array): Buffer =>
  Buffer.concat([varint(BigInt((field << 3) | 2)), varint(BigInt(content.length)), content]);

export interface PayloadOptions {
  readonly data: Uint8Array;
  readonly signings: readonly Pick<Signing, 'privateKey'>[];
  /** SHA-256 of what it holds. */
  readonly partition?: Uint8Array;
  readonly kernel?: Uint8Array;
  /** Lies of the manifest. */
  readonly signaturesOffset?: bigint;
  readonly signaturesSize?: bigint;
  readonly manifestSize?: bigint;
  readonly version?: bigint;
  /** How many bytes at the end of the data the signature leaves out. */
  readonly leftOut?: number;
}

/** Returns a payload. */
export function makePayload(options: PayloadOptions): Buffer {
  const { data, signings, partition, kernel, leftOut = 0 } = options;
  const signaturesLength = signaturesOf(signings, Buffer.alloc(0)).length;
  const manifest = Buffer.concat([
    bytes(1, Buffer.concat([number(1, 0n), number(2, 0n), number(3, BigInt(data.length))])),
    number(3, 4096n),
    number(4, options.signaturesOffset ?? BigInt(data.length)),
    number(5, options.signaturesSize ?? BigInt(signaturesLength)),
    partition === undefined ? Buffer.alloc(0) : bytes(9, Buffer.concat([number(1, 9n), bytes(2, partition)])),
    kernel === undefined
      ? Buffer.alloc(0)
      : bytes(10, Buffer.concat([number(1, 0n), bytes(4, Buffer.concat([number(1, 9n), bytes(2, kernel)]))])),
  ]);
  const header = Buffer.alloc(20);
  header.write('CrAU', 'latin1');
  header.writeBigUInt64BE(options.version ?? 1n, 4);
  header.writeBigUInt64BE(options.manifestSize ?? BigInt(manifest.length), 12);
  const signed = Buffer.concat([header, manifest, data]);
  return Buffer.concat([signed, signaturesOf(signings, signed.subarray(0, signed.length - leftOut))]);
}

function signaturesOf(signings: PayloadOptions['signings'], signed: Uint8Array): Buffer {
  const first = 3 - signings.length;
  return Buffer.concat(
    signings.map(({ privateKey }, index) => {
      const signature = sign('sha256', signed, privateKey);
      return bytes(1, Buffer.concat([number(1, BigInt(first + index)), bytes(2, signature)]));
    }),
  );
}
