/**
 * Signs statements of provenance (PROVENANCE_KEY, ECDSA P-256): a DSSE envelope
 * (https://github.com/secure-systems-lab/dsse/blob/master/protocol.md) in a sigstore bundle v0.3
 * (https://github.com/sigstore/protobuf-specs, sigstore_bundle.proto), which `cosign verify-blob-attestation --key` takes. No I/O.
 */
import { toBase64 } from '../shared/bytes.ts';
import { err, ok, type Result } from '../shared/result.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

export interface ProvenanceSigner {
  /** Returns a sigstore bundle with `statement`. */
  bundle(statement: Uint8Array<ArrayBuffer>): Promise<object>;
  /** The public key in PEM (SPKI). */
  publicKey(): Promise<string>;
}

const PEM = /^-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]{1,4096})-----END PRIVATE KEY-----\s*$/;

/** Returns the DER of a private key in PEM (PKCS #8). The error is a text for the operator; it never has the key in it. */
export function parsePrivateKey(text: string): Result<Uint8Array<ArrayBuffer>, string> {
  const trimmed = text.trim();
  if (trimmed.startsWith('-----BEGIN EC PRIVATE KEY-----'))
    return err('must be PKCS #8: openssl pkcs8 -topk8 -nocrypt -in KEY makes it so');
  const base64 = PEM.exec(trimmed)?.[1];
  if (base64 === undefined) return err('must be a private key in PEM (BEGIN PRIVATE KEY), ECDSA P-256');
  try {
    return ok(Uint8Array.from(atob(base64.replace(/\s/g, '')), (character) => character.charCodeAt(0)));
  } catch {
    return err('is not readable as base64 between its lines');
  }
}

/** Returns a signer for the DER of a private key. The key is read at the first use, and a bad one throws then. */
export function provenanceSigner(der: Uint8Array<ArrayBuffer>): ProvenanceSigner {
  let pair:
    | Promise<{ readonly key: CryptoKey; readonly spki: Uint8Array<ArrayBuffer>; readonly hint: string }>
    | undefined;
  const load = () => {
    pair ??= importPair(der);
    return pair;
  };
  return {
    publicKey: async () => {
      const { spki } = await load();
      const lines = toBase64(spki).match(/.{1,64}/g) ?? [];
      return `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`;
    },
    bundle: async (statement) => {
      const { key, hint } = await load();
      const signature = new Uint8Array(await crypto.subtle.sign(SIGNATURE, key, authenticated(statement)));
      return {
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: { publicKey: { hint }, tlogEntries: [] },
        dsseEnvelope: {
          payload: toBase64(statement),
          payloadType: PAYLOAD_TYPE,
          signatures: [{ sig: toBase64(derSignature(signature)), keyid: hint }],
        },
      };
    },
  };
}

async function importPair(der: Uint8Array<ArrayBuffer>) {
  const key = await crypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']);
  const { kty, crv, x, y } = (await crypto.subtle.exportKey('jwk', key)) as JsonWebKey;
  const half = { ...(kty === undefined ? {} : { kty }), ...(crv === undefined ? {} : { crv }) };
  const point = { ...(x === undefined ? {} : { x }), ...(y === undefined ? {} : { y }) };
  const open = await crypto.subtle.importKey('jwk', { ...half, ...point, kty: 'EC' }, ALGORITHM, true, ['verify']);
  const spki = new Uint8Array((await crypto.subtle.exportKey('spki', open)) as ArrayBuffer);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', spki));
  return { key, spki, hint: toBase64(digest) };
}

/** What is signed: the pre-authentication encoding of DSSE. */
function authenticated(statement: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${statement.length} `);
  const whole = new Uint8Array(head.length + statement.length);
  whole.set(head);
  whole.set(statement, head.length);
  return whole;
}

/** WebCrypto returns the two numbers of a signature one after the other; sigstore wants them in DER (RFC 3279 section 2.2.3). */
function derSignature(raw: Uint8Array): Uint8Array {
  const integers = [raw.subarray(0, raw.length / 2), raw.subarray(raw.length / 2)].map((half) => {
    const from = half.findIndex((byte) => byte !== 0);
    const digits = half.subarray(from === -1 ? half.length - 1 : from);
    const isNegative = (digits[0] ?? 0) >= 0x80;
    const length = digits.length + (isNegative ? 1 : 0);
    return [0x02, length, ...(isNegative ? [0] : []), ...digits];
  });
  const body = integers.flat();
  return Uint8Array.from([0x30, body.length, ...body]);
}
