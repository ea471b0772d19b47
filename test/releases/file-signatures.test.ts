/** What upstream may have an isolate remember before anybody has checked the mathematics. */
import { expect, it } from 'vitest';
import type { Version } from '../../src/releases/model.ts';
import { FileSignatures } from '../../src/releases/upstream/file-signatures.ts';
import type { Upstream } from '../../src/releases/upstream/upstream.ts';
import { readLimited } from '../../src/shared/http/read-limited.ts';
import { ok } from '../../src/shared/result.ts';
import { genuinePart } from '../../src/signing/genuine-part.ts';
import type { TrustedKeys } from '../../src/signing/trusted-keys.ts';
import { detachSign, makeSigningKey } from '../../tools/release-server/signing-key.ts';
import { nodePlatform } from '../support/node-platform.ts';

const file = { channel: 'stable', board: 'amd64-usr', version: '4593.2.5' as Version, file: 'a' } as const;

it.each([
  ['a signature', 0, 'ok'],
  ['8 KiB, which no signature has', 8 * 1024, 'signature-malformed'],
  ['more than 8 KiB', 8 * 1024 + 1, 'too-large'],
])('a .sig of %s (%i bytes): %s', async (_name, size, expected) => {
  const key = await makeSigningKey();
  const genuine = await detachSign(key, new TextEncoder().encode('text'));
  const bytes = size === 0 ? genuine : Buffer.concat([genuine, Buffer.alloc(size)]).subarray(0, size);
  const upstream = {
    small: async (_file: unknown, limit: number) => {
      const read = await readLimited(nodePlatform, new Response(new Uint8Array(bytes)).body, limit);
      return read.ok ? ok({ bytes: read.value }) : read;
    },
  } as unknown as Upstream;
  const keyring = await genuinePart({ keys: [key.toPublic()] });
  const keys = { current: async () => ok(keyring), refreshed: async () => ok(keyring) } as unknown as TrustedKeys;
  const checked = await new FileSignatures(nodePlatform, upstream, keys, []).check(file);
  expect(checked.ok ? 'ok' : checked.error.reason).toBe(expected);
});
