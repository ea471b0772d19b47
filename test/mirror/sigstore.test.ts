/** What this service signs, judged by the verifier of sigstore itself. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { type Bundle, bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { describe, expect, it } from 'vitest';
import { parsePrivateKey, provenanceSigner } from '../../src/signing/provenance.ts';
import { nodeEdge } from '../support/node-edge.ts';

const VERSION = '4593.2.5';
const KERNEL = 'flatcar_production_pxe.vmlinuz';

/** No transparency log knows these statements: the key is what is trusted. */
function isGood(bundle: Bundle, pem: string): boolean {
  const roots = TrustedRoot.fromJSON({});
  const material = toTrustMaterial(roots, () => ({ publicKey: createPublicKey(pem), validFor: () => true }));
  const verifier = new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
  try {
    verifier.verify(toSignedEntity(bundle));
    return true;
  } catch {
    return false;
  }
}
const keyPair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    sec1: privateKey.export({ format: 'pem', type: 'sec1' }).toString(),
    open: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  };
};

describe('a bundle of provenance', () => {
  it('verifies for each mirrored file against the public key, and not with anything changed', async () => {
    const { pem } = keyPair();
    const edge = await nodeEdge({ vars: { PROVENANCE_KEY: pem } });
    await edge.mirror(VERSION);
    const get = async (path: string) => await (await edge.fetch(path)).text();
    const open = await get('/keys/provenance.pem');
    for (const name of ['version.txt', KERNEL]) {
      const json = JSON.parse(await get(`/stable/amd64-usr/${VERSION}/${name}.sigstore.json`)) as {
        dsseEnvelope: { payload: string; signatures: { sig: string }[] };
      };
      expect(isGood(bundleFromJSON(json), open), name).toBe(true);
      expect(isGood(bundleFromJSON(json), keyPair().open), 'another key').toBe(false);
      const payload = Buffer.from(json.dsseEnvelope.payload, 'base64');
      for (const at of [0, 50, payload.length - 1]) {
        const changed = Buffer.from(payload);
        changed[at] = (changed[at] ?? 0) ^ 1;
        const dsseEnvelope = { ...json.dsseEnvelope, payload: changed.toString('base64') };
        expect(isGood(bundleFromJSON({ ...json, dsseEnvelope }), open), `byte ${at}`).toBe(false);
      }
      const subject = JSON.parse(payload.toString()) as { subject: { digest: { sha256: string } }[] };
      const line = await get(`/stable/amd64-usr/${VERSION}/${name}.sha256`);
      expect(subject.subject[0]?.digest.sha256).toBe(line.slice(0, 64));
    }
  });

  it('verifies a hundred times, whatever the numbers of the signature are', async () => {
    const { pem } = keyPair();
    const key = parsePrivateKey(pem);
    if (!key.ok) throw new Error(key.error);
    const signer = provenanceSigner(key.value);
    const open = await signer.publicKey();
    for (let index = 0; index < 100; index += 1) {
      const bundle = await signer.bundle(new Uint8Array(new TextEncoder().encode(`{"n":${index}}`)));
      expect(isGood(bundleFromJSON(bundle), open), String(index)).toBe(true);
    }
  });
});

describe('PROVENANCE_KEY', () => {
  it('says how a key in the older form is made into the right one', () => {
    const parsed = parsePrivateKey(keyPair().sec1);
    expect(parsed.ok ? '' : parsed.error).toContain('openssl pkcs8');
  });
});
