/** The public keys that an update payload may be signed by (UPDATE_KEY): RSA, each known by the SHA-256 of its SPKI form. No I/O. */
import { constants, createHash, createPublicKey, type KeyObject, publicDecrypt } from 'node:crypto';
import { sameBytes } from '../../shared/bytes.ts';
import { err, ok, type Result } from '../../shared/result.ts';

export interface PayloadKey {
  /** SHA-256 of the key's SPKI form (RFC 5280 section 4.1), as 64 lower-case hexadecimal digits. */
  readonly id: string;
  readonly key: KeyObject;
}

/**
 * The key that Flatcar signs its payloads with: coreos-base/coreos-au-key, official-v2.pub.pem, of
 * https://github.com/flatcar-archive/coreos-overlay. Machines have it as /usr/share/update_engine/update-payload-key.pub.pem.
 */
export const FLATCAR_UPDATE_KEY = [
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmsW1ze0ciaz6GRHziM7j+z8uVmZ8NEJe7xI5+VXUi0gMnHubn6SyZTe1YyENcel5GZoa6EVCxvhNnfSdEnFE',
  'aAT8d0tieHu25R4AXLPgwsteoUgXpnNY8sWnWOmJO7NiA57ltuTpXt5a5LX1uidrMFC2+N6CNMVDaNrGO4mBiQc5o2Pxmeu6jcN8SzZAzz/dW4n1GbiX+r0MchsSZkxh',
  'HEarZvm+eN2YVWMhfepWNldlioidr65SyqIo1LhX0w0aiS/NF6fck06J94Ib7y2yyTNqiDTza0jUh8ndA+TQhkZGlP/puFKnHr5U+iDhMmVCz16RKXjKxY9v89lQ0BUJ',
  'GwIDAQAB',
].join('');

const LEAST_BITS = 2048;

/** Returns the keys of UPDATE_KEY: PEM or its base64 alone, several separated by commas. The error is a text for the operator. */
export function parsePayloadKeys(text: string): Result<PayloadKey[], string> {
  const keys: PayloadKey[] = [];
  for (const item of text.split(/,|(?=-----BEGIN)/)) {
    const base64 = item.replace(/-----(BEGIN|END) PUBLIC KEY-----/g, '').replace(/\s/g, '');
    if (base64 === '') continue;
    const key = readKey(base64);
    if (!key.ok) return key;
    keys.push(key.value);
  }
  return ok(keys);
}

function readKey(base64: string): Result<PayloadKey, string> {
  try {
    const key = createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== 'rsa') return err('must be RSA public keys');
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < LEAST_BITS)
      return err(`must be RSA public keys of at least ${LEAST_BITS} bits`);
    const der = key.export({ format: 'der', type: 'spki' });
    return ok({ id: createHash('sha256').update(der).digest('hex'), key });
  } catch {
    return err('must be public keys in PEM (BEGIN PUBLIC KEY), or the base64 of one');
  }
}

/** DER of a DigestInfo of SHA-256, up to the digest (RFC 8017 section 9.2, note 1). */
const SHA256_INFO = Uint8Array.from([
  ...[0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01],
  ...[0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20],
]);

/** True when `signature` is that of `key` over a text with this SHA-256 (RSASSA-PKCS1-v1_5, RFC 8017 section 8.2). */
export function isSignedBy({ key }: PayloadKey, signature: Uint8Array, digest: Uint8Array): boolean {
  // Anything else would cost a decryption, and a payload may hold thousands of them.
  if (signature.length !== (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8) return false;
  try {
    const info = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
    return sameBytes(new Uint8Array(info), new Uint8Array([...SHA256_INFO, ...digest]));
  } catch {
    // A signature by another key has no padding after the decryption.
    return false;
  }
}
