/**
 * Real clients against the running Worker, over mirrored files and over files that are passed through: every one of them must end
 * with the very bytes that upstream has. The installers' sequences follow what flatcar-install, get-flatcar and the official mirror
 * script ask for.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningEdge, runClient, runEdge } from '../support/running-edge.ts';

const MIB = 1024 * 1024;
const IMAGE = 'flatcar_production_image.bin.bz2';
const KERNEL = 'flatcar_production_pxe.vmlinuz';
const INITRD = 'flatcar_production_pxe_image.cpio.gz';
const FILES = { [IMAGE]: 24 * MIB + 7, [KERNEL]: 3 * MIB, [INITRD]: 5 * MIB };
const OLDER = '4459.2.10';
const MIRRORED = '4593.2.5';
const PASSED = '4593.2.6';
const has = (tool: string) => spawnSync(tool, ['--version']).status === 0;

let edge: RunningEdge;
beforeAll(async () => {
  edge = await runEdge({ MIRROR: 'stable/amd64-usr', MIRROR_FILES: ['version.txt', ...Object.keys(FILES)].join() });
  await edge.release(OLDER, { [IMAGE]: 1000, [KERNEL]: 1000, [INITRD]: 1000 }, false);
  await edge.release(MIRRORED, FILES);
  await edge.release(PASSED, FILES, false);
  for (const version of [MIRRORED, OLDER]) {
    await edge.api(`/api/mirrors/stable/amd64-usr/${version}`, { method: 'PUT' });
    expect((await edge.ended(version)).state).toBe('complete');
  }
});
afterAll(() => edge?.stop());

const bytesOf = (version: string, name = IMAGE) =>
  edge.upstream.files.get(`stable/amd64-usr/${version}/${name}`)?.bytes ?? Buffer.alloc(0);
const folder = () => mkdtempSync(join(edge.folder, 'clients-'));
const run = async (command: string, args: string[], cwd: string, env = {}) => {
  const done = await runClient(command, args, cwd, env);
  if (done.code !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.code} ${done.stderr}`);
  return done.stdout;
};

describe.each([
  ['mirrored', MIRRORED, 'mirror'],
  ['passed through', PASSED, 'upstream'],
])('a file that is %s', (_what, version, source) => {
  const url = () => `${edge.url}/stable/amd64-usr/${version}/${IMAGE}`;
  const isWhole = (file: string) => readFileSync(file).equals(bytesOf(version));

  it('curl: the whole, resumed with -C -, a part with --range, and -I', async () => {
    const at = folder();
    expect(await run('curl', ['-fsSI', url()], at)).toMatch(new RegExp(`x-flatcar-source: ${source}`, 'i'));
    await run('curl', ['-fsSO', url()], at);
    expect(isWhole(join(at, IMAGE))).toBe(true);
    truncateSync(join(at, IMAGE), 9 * MIB + 1);
    await run('curl', ['-fsS', '-C', '-', '-O', url()], at);
    expect(isWhole(join(at, IMAGE))).toBe(true);
    await run('curl', ['-fsS', '--range', '1000-2999', '-o', 'part', url()], at);
    expect(readFileSync(join(at, 'part')).equals(bytesOf(version).subarray(1000, 3000))).toBe(true);
    await run('curl', ['-fsS', '--range', '-5', '-o', 'end', url()], at);
    expect(readFileSync(join(at, 'end')).equals(bytesOf(version).subarray(-5))).toBe(true);
  });

  it('curl -z: a file that is not newer is not sent again, by date and by tag', async () => {
    const at = folder();
    await run('curl', ['-fsS', '-R', '--etag-save', 'etag', '-O', url()], at);
    const again = ['-fsS', '-o', 'again', '-w', '%{http_code}', url()];
    expect(await run('curl', ['-z', IMAGE, ...again], at)).toBe('304');
    expect(await run('curl', ['--etag-compare', 'etag', ...again], at)).toBe('304');
    utimesSync(join(at, IMAGE), 0, 0);
    expect(await run('curl', ['-z', IMAGE, ...again], at)).toBe('200');
  });

  it('wget: resumed with -c, -N asks for news alone, --spider sees it', async () => {
    const at = folder();
    await run('wget', ['-q', '--spider', url()], at);
    writeFileSync(join(at, IMAGE), bytesOf(version).subarray(0, 5 * MIB));
    await run('wget', ['-q', '-c', url()], at);
    expect(isWhole(join(at, IMAGE))).toBe(true);
    await run('wget', ['-q', '-N', url()], at);
    const { mtimeMs, ino } = statSync(join(at, IMAGE));
    await run('wget', ['-q', '-N', url()], at);
    expect([statSync(join(at, IMAGE)).mtimeMs, statSync(join(at, IMAGE)).ino]).toEqual([mtimeMs, ino]);
    expect((await runClient('wget', ['-q', '--spider', `${url()}.none`], at)).code).toBe(8);
  });

  it.skipIf(!has('aria2c'))('aria2c: eight connections at once, and a resumed half', async () => {
    const at = folder();
    const args = ['-q', '-x8', '-s8', '-k1M', '--file-allocation=none', '--allow-overwrite=true'];
    await run('aria2c', [...args, '-o', IMAGE, url()], at);
    expect(isWhole(join(at, IMAGE))).toBe(true);
    writeFileSync(join(at, 'half'), bytesOf(version).subarray(0, 12 * MIB));
    await run('aria2c', [...args, '-c', '-o', 'half', url()], at);
    expect(isWhole(join(at, 'half'))).toBe(true);
  });

  it('gpg: the signature beside it is good, and over nothing else', async () => {
    const at = folder();
    const home = { GNUPGHOME: join(at, 'gpg') };
    mkdirSync(home.GNUPGHOME, { mode: 0o700 });
    for (const name of ['', '.sig']) await run('curl', ['-fsSO', `${url()}${name}`], at);
    await run('curl', ['-fsS', '-o', 'key.asc', `${edge.url}/keys/signing-key.asc`], at);
    await run('gpg', ['--batch', '-q', '--import', 'key.asc'], at, home);
    await run('gpg', ['--batch', '-q', '--verify', `${IMAGE}.sig`, IMAGE], at, home);
    await run('curl', ['-fsSO', `${edge.url}/stable/amd64-usr/${version}/${KERNEL}`], at);
    expect((await runClient('gpg', ['--batch', '-q', '--verify', `${IMAGE}.sig`, KERNEL], at, home)).code).not.toBe(0);
  });
});

describe("the installers' sequences", () => {
  it('flatcar-install: version.txt by sed, HEAD of image and signature, the signature, then the image through a pipe', async () => {
    const at = folder();
    const base = `${edge.url}/stable/amd64-usr`;
    const home = { GNUPGHOME: join(at, 'gpg') };
    mkdirSync(home.GNUPGHOME, { mode: 0o700 });
    const script = `set -euo pipefail
      VERSION=$(wget -qO- "${base}/current/version.txt" | sed -n 's/^FLATCAR_VERSION=//p')
      test "$VERSION" = ${MIRRORED}
      IMAGE_URL="${base}/$VERSION/${IMAGE}"
      wget --spider --quiet "$IMAGE_URL"
      wget --spider --quiet "$IMAGE_URL.sig"
      wget -qO- "${edge.url}/keys/signing-key.asc" | gpg --batch -q --import
      wget --tries=10 --timeout=20 --retry-connrefused --no-verbose -O signature "$IMAGE_URL.sig"
      wget --tries=10 --timeout=20 --retry-connrefused --no-verbose -O - "$IMAGE_URL" \\
        | tee >(cat > disk) | gpg --batch -q --trusted-key ${'0'.repeat(16)} --verify signature - 2> verdict || true
      gpg --batch -q --verify signature disk`;
    await run('bash', ['-c', script], at, home);
    expect(readFileSync(join(at, 'disk')).equals(bytesOf(MIRRORED))).toBe(true);
  });

  it('get-flatcar: curl -I takes 2xx, and every file comes without -L', async () => {
    const at = folder();
    const base = `${edge.url}/stable/amd64-usr/current`;
    expect(await run('curl', ['-s', '-I', `${base}/${KERNEL}`], at)).toMatch(/^HTTP\/1\.1 200/);
    for (const name of ['version.txt', KERNEL, INITRD, `${INITRD}.sig`, IMAGE, `${IMAGE}.sig`]) {
      await run('curl', ['-fsS', '-o', name, `${base}/${name}`], at);
      expect(readFileSync(join(at, name)).equals(bytesOf(MIRRORED, name)), name).toBe(true);
    }
  });

  it('wget takes a mirrored directory, which sha256sum, sha512sum and gpg then find whole', async () => {
    const at = folder();
    const below = `${edge.url}/stable/amd64-usr/${MIRRORED}/`;
    await run('wget', ['-q', '-r', '-np', '-nH', '--cut-dirs=3', '-R', 'index.html*', below], at);
    for (const [tool, list] of [
      ['sha256sum', 'SHA256SUMS'],
      ['sha512sum', 'SHA512SUMS'],
    ] as const) {
      const checked = await run(tool, ['-c', '--strict', list], at);
      expect(checked.match(/: OK$/gm)).toHaveLength(readFileSync(join(at, list), 'utf8').trimEnd().split('\n').length);
    }
    await run('bash', ['-c', `curl -fsS ${edge.url}/keys/signing-key.asc | gpg --homedir . --import`], at);
    for (const name of ['version.txt', IMAGE])
      await run('gpg', ['--homedir', '.', '--verify', `${name}.sig`, name], at);
  });

  it('the official mirror script: links of the listing, then only what is new by its own entity tags', async () => {
    const at = folder();
    const base = `${edge.url}/stable/amd64-usr/${MIRRORED}`;
    const listing = await run('curl', ['-fsSL', `${base}/`], at);
    const names = [...listing.matchAll(/^.*?"\.\/([^"]+)"/gm)].map(([, name = '']) => name);
    expect(names).toContain(`${IMAGE}.DIGESTS.asc`);
    const statuses: string[] = [];
    for (const name of names) {
      await run('curl', ['-fsSR', '-o', name, `${base}/${name}`], at);
      const { mtimeMs, size } = statSync(join(at, name));
      const tag = `"${Math.floor(mtimeMs / 1000).toString(36)}${size.toString(36)}"`;
      const asked = [
        '-fsSI',
        '-H',
        `If-None-Match: ${tag}`,
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        `${base}/${name}`,
      ];
      statuses.push(await run('curl', asked, at));
    }
    expect(new Set(statuses)).toEqual(new Set(['304']));
  });

  it("image-builder: the newest version of the channel's JSON, without current", async () => {
    const script = `set -euo pipefail
      curl -L -s --fail "${edge.url}/releases-json/releases-stable.json" > releases.json
      "${process.execPath}" -p 'Object.keys(JSON.parse(fs.readFileSync("releases.json", "utf8"))).join("\\n")' \
        | grep -v current | sort --version-sort | tail -n 1`;
    expect(await run('bash', ['-c', script], folder())).toBe(`${MIRRORED}\n`);
  });

  it('an importer: the last version of the listing is the one whose sums stand at current', async () => {
    const base = `${edge.url}/stable/amd64-usr`;
    const script = `set -euo pipefail
      VERSION=$(curl -fsS "${base}/" | grep -oE 'href="[^"]*"' | grep -oE '[0-9]+\\.[0-9]+\\.[0-9]+' | tail -n 1)
      curl -fsS "${base}/current/${IMAGE}.DIGESTS" | grep -A1 'SHA512 HASH' | grep -oE '^[0-9a-f]{128}' > sum
      curl -fsSO "${base}/$VERSION/${IMAGE}"
      echo "$(cat sum)  ${IMAGE}" | sha512sum --check --quiet
      echo "$VERSION"`;
    expect(await run('bash', ['-c', script], folder())).toBe(`${MIRRORED}\n`);
  });

  it('iPXE: plain GET of kernel and initrd, whose lengths it shows progress by', async () => {
    for (const name of [KERNEL, INITRD]) {
      const answer = await fetch(`${edge.url}/stable/amd64-usr/current/${name}`, {
        headers: { 'user-agent': 'iPXE/1.21.1' },
      });
      expect([answer.status, answer.headers.get('content-length')]).toEqual([
        200,
        String(bytesOf(MIRRORED, name).length),
      ]);
      expect(Buffer.from(await answer.arrayBuffer()).equals(bytesOf(MIRRORED, name))).toBe(true);
    }
  });
});
