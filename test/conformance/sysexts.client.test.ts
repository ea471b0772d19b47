/**
 * A mirrored catalogue as systemd fetches it: systemd-pull is the program by which systemd-sysupdate downloads and checks, with the
 * arguments that it gives (src/sysupdate/sysupdate-resource.c and sysupdate-transfer.c of systemd). Debian 12 has no systemd-sysupdate itself.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detachSign, publicKeyText } from '../../tools/release-server/signing-key.ts';
import { OPERATOR_TOKEN, type RunningEdge, runClient, runEdge } from '../support/running-edge.ts';

const PULL = '/lib/systemd/systemd-pull';
const KEYRING = '/etc/systemd/import-pubring.gpg';
const NAME = 'kubernetes-v1.34.1-x86-64.raw';
const image = randomBytes(300_000);
const isThere = existsSync(PULL) && !existsSync(KEYRING);

describe.skipIf(!isThere)('systemd-pull', () => {
  let edge: RunningEdge;
  let folder: string;

  beforeAll(async () => {
    edge = await runEdge((upstreamUrl, fingerprint) => ({
      SYSEXT_URLS: `bakery ${upstreamUrl}/bakery/ ${upstreamUrl}/key.asc ${fingerprint}`,
    }));
    const sums = Buffer.from(`${createHash('sha256').update(image).digest('hex')}  ${NAME}\n`);
    edge.upstream.put(`bakery/${NAME}`, image);
    edge.upstream.put('bakery/SHA256SUMS', sums);
    edge.upstream.put('bakery/SHA256SUMS.gpg', await detachSign(edge.key, sums));
    const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
    await fetch(`${edge.url}/api/sysexts/bakery/mirror`, { method: 'POST', headers });
    for (;;) {
      const { items } = (await (await edge.api('/api/sysexts')).json()) as {
        items: { publishedAt: string | null; fault: string | null }[];
      };
      if (items[0]?.fault) throw new Error(items[0].fault);
      if (items[0]?.publishedAt) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    folder = join(edge.folder, 'pull');
    mkdirSync(folder);
    const armored = join(folder, 'key.asc');
    writeFileSync(armored, publicKeyText(edge.key));
    const dearmored = await runClient('gpg', ['--batch', '--yes', '--dearmor', '-o', KEYRING, armored], folder);
    expect(dearmored.code, dearmored.stderr).toBe(0);
  });
  afterAll(async () => {
    rmSync(KEYRING, { force: true });
    await edge?.stop();
  });

  const pull = async (verify: string, file: string) => {
    const target = join(folder, file);
    const args = ['raw', '--direct', `--verify=${verify}`, `${edge.url}/sysext/bakery/${file}`, target];
    const { code, stdout, stderr } = await runClient(PULL, args, folder);
    return { code, said: stdout + stderr, bytes: code === 0 ? readFileSync(target) : undefined };
  };

  it('takes the list with its signature, and the file by the digest in the list', async () => {
    const list = await pull('signature', 'SHA256SUMS');
    expect([list.code, list.said]).toEqual([0, expect.stringContaining('Signature verification succeeded')]);
    const digest = list.bytes?.toString().split(' ')[0] ?? '';
    const file = await pull(digest, NAME);
    expect(file.code, file.said).toBe(0);
    expect(file.bytes).toEqual(image);
  });

  it('refuses the file by another digest', async () => {
    const file = await pull('0'.repeat(64), NAME);
    expect(file.code).not.toBe(0);
  });
});
