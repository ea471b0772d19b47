/**
 * Public reports of faults of download servers, mirrors and import clients, each tried with the client that it is about, or with its
 * very bytes. Each names its source and the symptom; what holds here is the test. docs/clients.md is the same as a table.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningEdge, runClient, runEdge } from '../support/running-edge.ts';

const MIB = 1024 * 1024;
const IMAGE = 'flatcar_production_image.bin.bz2';
const KERNEL = 'flatcar_production_pxe.vmlinuz';
const INITRD = 'flatcar_production_pxe_image.cpio.gz';
const PLUS = 'a+b.bin';
const FILES = { [IMAGE]: 6 * MIB + 7, [KERNEL]: MIB, [INITRD]: 2 * MIB, [PLUS]: 2000 };
const OLD = '4593.2.5';
const NEW = '4593.2.6';
const PASSED = '4593.2.7';
const APT = '/usr/lib/apt/apt-helper';
const has = (...tool: [string, ...string[]]) => spawnSync(tool[0], tool.slice(1)).status === 0;

let edge: RunningEdge;
let capability: string;
beforeAll(async () => {
  edge = await runEdge({
    MIRROR: 'stable/amd64-usr',
    MIRROR_FILES: ['version.txt', ...Object.keys(FILES)].join(),
    CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
  });
  for (const version of [OLD, NEW, PASSED]) await edge.release(version, FILES, version === NEW);
  for (const version of [OLD, NEW]) {
    await edge.api(`/api/mirrors/stable/amd64-usr/${version}`, { method: 'PUT' });
    expect((await edge.ended(version)).state).toBe('complete');
    // A name that has moved a moment ago: an ops team would call it prod.
    const body = JSON.stringify({ version });
    expect((await edge.api('/api/aliases/stable/amd64-usr/prod', { method: 'PUT', body })).status).toBe(200);
  }
  const put = await edge.api(`/api/machines/vm?version=${NEW}`, {
    method: 'PUT',
    body: '{"ignition":{"version":"3.3.0"}}',
  });
  const { urls } = (await put.json()) as { urls: { ignition: string } };
  capability = new URL(urls.ignition).pathname.split('/')[2] ?? '';
}, 120_000);
afterAll(() => edge?.stop());

const folder = () => mkdtempSync(join(edge.folder, 'reports-'));
const at = (name: string, file = IMAGE) => `${edge.url}/stable/amd64-usr/${name}/${file}`;
const bytesOf = (version: string, name = IMAGE) =>
  edge.upstream.files.get(`stable/amd64-usr/${version}/${name}`)?.bytes ?? Buffer.alloc(0);
const ask = (url: string, headers: Record<string, string> = {}, method = 'GET') => fetch(url, { headers, method });
const status = async (url: string, headers: Record<string, string> = {}) => {
  const answer = await ask(url, headers);
  await answer.arrayBuffer();
  return answer.status;
};

/** Sends the bytes as they are, and returns everything that comes back until the server closes. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(new URL(edge.url).port), '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('error', reject);
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}
const request = (path: string, lines: readonly string[] = [], method = 'GET', version = '1.1') =>
  `${[`${method} ${path} HTTP/${version}`, 'Host: x', ...lines].join('\r\n')}\r\n\r\n`;
const LAST = ['Connection: close'];
const head = (answer: string) => answer.split('\r\n\r\n')[0] ?? '';
const N = `/stable/amd64-usr/${NEW}`;

describe('a download that somebody else began', () => {
  it.skipIf(!has('axel', '--version'))(
    'axel-download-accelerator/axel#308: every download begins with bytes=0-, below a name that has just moved too',
    async () => {
      for (const name of [NEW, 'prod', PASSED]) {
        const there = folder();
        const done = await runClient('axel', ['-q', '-n', '4', '-o', 'image', at(name)], there);
        expect([
          name,
          done.code,
          readFileSync(join(there, 'image')).equals(bytesOf(name === 'prod' ? NEW : name)),
        ]).toEqual([name, 0, true]);
      }
      expect(await status(at('prod'), { range: 'bytes=0-' })).toBe(200);
    },
  );

  it.skipIf(!has('axel', '--version'))(
    'axel, stopped in one release and begun again in the next, makes no mixture',
    async () => {
      const there = folder();
      const name = join(there, 'image');
      // What it leaves behind: the beginning of the older release, and where its two connections were.
      writeFileSync(name, bytesOf(OLD).subarray(0, 3 * MIB));
      const done = await runClient('axel', ['-q', '-n', '2', '-o', 'image', at('prod')], there);
      const isMixed =
        done.code === 0 && !readFileSync(name).equals(bytesOf(NEW)) && statSync(name).size === bytesOf(NEW).length;
      expect(isMixed).toBe(false);
    },
  );

  it('bezzad/Downloader#220: a probe of one byte is answered, below a name that has just moved too', async () => {
    for (const name of [NEW, 'prod']) {
      const answer = await ask(at(name), { range: 'bytes=0-0' });
      expect([answer.status, answer.headers.get('content-range'), (await answer.arrayBuffer()).byteLength]).toEqual([
        206,
        `bytes 0-0/${bytesOf(NEW).length}`,
        1,
      ]);
    }
  });

  it.skipIf(!has('wget', '--version'))(
    'wget -c and curl -C - below a name that has moved: refused, and what they have is left',
    async () => {
      const there = folder();
      const name = join(there, IMAGE);
      for (const [command, args] of [
        ['wget', ['-q', '-c', at('prod')]],
        ['curl', ['-sS', '-f', '-C', '-', '-O', at('prod')]],
      ] as const) {
        writeFileSync(name, bytesOf(OLD).subarray(0, MIB));
        expect((await runClient(command, [...args], there)).code).not.toBe(0);
        expect(readFileSync(name).equals(bytesOf(OLD).subarray(0, MIB))).toBe(true);
      }
    },
  );

  it('curl/curl#2288: what is complete stays as it is when it is resumed', async () => {
    const there = folder();
    const name = join(there, IMAGE);
    writeFileSync(name, bytesOf(NEW));
    await runClient('curl', ['-sS', '-C', '-', '-O', at(NEW)], there);
    expect(readFileSync(name).equals(bytesOf(NEW))).toBe(true);
    expect((await runClient('wget', ['-c', '-q', at(NEW)], there)).code).toBe(0);
    expect(readFileSync(name).equals(bytesOf(NEW))).toBe(true);
  });

  it.skipIf(!has('aria2c', '--version'))(
    'AnInsomniacy/aria2-next#43: segments with If-Range are parts, by number',
    async () => {
      const there = folder();
      const done = await runClient('aria2c', ['-q', '-x4', '-s4', '-k1M', '-o', 'image', at(NEW)], there);
      expect([done.code, readFileSync(join(there, 'image')).equals(bytesOf(NEW))]).toEqual([0, true]);
      const etag = (await ask(at(NEW), {}, 'HEAD')).headers.get('etag') ?? '';
      const part = (tag: string) => status(at(NEW), { range: 'bytes=1000-1999', 'if-range': tag });
      expect([await part(etag), await part(`W/${etag}`), await part('"other"'), await part(etag.slice(1, -1))]).toEqual(
        [206, 200, 200, 200],
      );
    },
  );

  it.skipIf(!has(APT, '--version'))(
    'Launchpad apt #940825: a partial file of another release is thrown away, not completed',
    async () => {
      const there = folder();
      const name = join(there, 'image');
      writeFileSync(name, Buffer.alloc(9 * MIB));
      utimesSync(name, new Date('2013-09-06T23:35:00Z'), new Date('2013-09-06T23:35:00Z'));
      const done = await runClient(APT, ['download-file', at(NEW), name], there);
      expect([done.code, readFileSync(name).equals(bytesOf(NEW))]).toEqual([0, true]);
      const late = { range: 'bytes=99999999999-', 'if-range': 'Fri, 06 Sep 2013 23:35:00 GMT' };
      expect(await status(at(NEW), late)).toBe(200);
    },
  );
});

describe('ranges', () => {
  const SIZE = FILES[IMAGE];
  it.each([
    ['mirrored', NEW, IMAGE, SIZE],
    ['a small one', NEW, PLUS, 2000],
    ['passed through', PASSED, IMAGE, SIZE],
  ])('rust-lang/crates.io#13159, axel#322: at, before and after the end, %s', async (_what, version, file, size) => {
    await status(at(version, file));
    const answer = async (range: string) => {
      const got = await ask(at(version, file), { range: `bytes=${range}` });
      return [got.status, got.headers.get('content-range'), (await got.arrayBuffer()).byteLength];
    };
    for (const range of [`${size}-`, '-0', '18446744073709551616-'])
      expect((await answer(range)).slice(0, 2), range).toEqual([416, `bytes */${size}`]);
    for (const [range, from, to] of [
      [`${size - 1}-`, size - 1, size - 1],
      [`0-${size}`, 0, size - 1],
      ['5-99999999999999999999', 5, size - 1],
      ['-1', size - 1, size - 1],
      [`-${size + 1}`, 0, size - 1],
    ] as const)
      expect(await answer(range), range).toEqual([206, `bytes ${from}-${to}/${size}`, to - from + 1]);
  });

  it('mojolicious/mojo#184: several ranges are never the first one alone', async () => {
    const many = Array.from({ length: 2000 }, (_, index) => `${index * 2}-${index * 2}`).join();
    for (const range of ['0-0,-1', '0-1,5-6,9-9', '0-0, 2-3', '0-0,x', many])
      expect(await status(at(NEW, 'version.txt'), { range: `bytes=${range}` }), range.slice(0, 12)).toBe(200);
    const twice = await raw(request(`${N}/version.txt`, ['Range: bytes=0-0', 'Range: bytes=2-3', ...LAST]));
    expect(twice).toMatch(/^HTTP\/1\.1 200 /);
  });

  // The local runtime compresses text for those who take gzip, whatever the answer says; Cloudflare's network keeps to `no-transform`.
  it('Cadair/parfive#121: nobody on the way may encode a part', async () => {
    for (const file of ['version.txt', 'SHA256SUMS', `${IMAGE}.sig`]) {
      const answer = await ask(at(NEW, file), { 'accept-encoding': 'identity', range: 'bytes=0-71' });
      const said = [answer.status, answer.headers.get('content-encoding'), answer.headers.get('content-length')];
      expect([file, ...said]).toEqual([file, 206, null, '72']);
      expect(answer.headers.get('cache-control')).toContain('no-transform');
    }
  });
});

describe('one connection', () => {
  it('Launchpad apt #1413428: ten requests in one write, errors between them, and each answer is as long as it says', async () => {
    const text = await raw(
      [
        request(`${N}/version.txt`, ['Range: bytes=5-']),
        request(`${N}/nothere`, ['Range: bytes=5-']),
        request(`${N}/nothere`, [], 'HEAD'),
        request(`/stable/amd64-usr/prod/${IMAGE}`, ['Range: bytes=5-9']),
        request(`${N}/version.txt`, ['Range: bytes=99999999-']),
        request(`${N}/version.txt`, LAST),
      ].join(''),
    );
    const statuses: number[] = [];
    let rest = text;
    for (let turn = 0; turn < 6; turn += 1) {
      const found = /^HTTP\/1\.1 (\d+)/.exec(rest);
      statuses.push(Number(found?.[1]));
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head(rest))?.[1] ?? 0);
      rest = rest.slice(head(rest).length + 4 + (turn === 2 ? 0 : length));
    }
    expect(statuses).toEqual([206, 404, 404, 428, 416, 200]);
    expect(rest).toBe('');
  });

  it('dotnet/aspnetcore#5878, yhirose/cpp-httplib#1998: a 304 has no body, and the next answer follows at once', async () => {
    const etag = (await ask(at(NEW, 'version.txt'), {}, 'HEAD')).headers.get('etag');
    const text = await raw(request(`${N}/version.txt`, [`If-None-Match: ${etag}`]) + request(`${N}/version.txt`, LAST));
    expect(head(text)).toMatch(/^HTTP\/1\.1 304 /);
    expect(head(text)).not.toMatch(/content-length: [^0]|transfer-encoding/i);
    expect(text.slice(head(text).length + 4)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('openstreetmap-website#406, rust-lang/simpleinfra#1130: HEAD tells the length of GET, or none', async () => {
    const paths = [
      ...['/', '/stable/amd64-usr/', `${N}/`, '/releases.json', '/streams/stable.json', '/keys/signing-key.asc'],
      ...[`${N}/SHA256SUMS`, `${N}/${IMAGE}.sha256`, `${N}/version.txt`, `${N}/nothere`, `${N}/${IMAGE}`],
    ];
    for (const path of paths) {
      const [one, other] = [await ask(`${edge.url}${path}`, {}, 'HEAD'), await ask(`${edge.url}${path}`)];
      const length = (await other.arrayBuffer()).byteLength;
      expect([String(length), null], path).toContain(one.headers.get('content-length'));
      expect([one.status, one.headers.get('content-type'), one.headers.get('etag')], path).toEqual([
        other.status,
        other.headers.get('content-type'),
        other.headers.get('etag'),
      ]);
    }
  });

  it('rhboot/grub2#216, axel#442: firmware finds Content-Length, by HTTP/1.0 too, and no header without a value', async () => {
    const paths = ['grub', 'ipxe', 'pxelinux', 'ignition'].map((what) => `/boot/${capability}/${what}`);
    for (const path of [...paths, `${N}/${KERNEL}`, `/stable/amd64-usr/${PASSED}/${KERNEL}`])
      for (const version of ['1.0', '1.1']) {
        const answer = head(await raw(request(path, LAST, 'GET', version)));
        expect(answer, path).toMatch(/^HTTP\/1\.[01] 200 /);
        expect(answer, path).toMatch(/\r\nContent-Length: \d+/);
        expect(answer, path).not.toMatch(/transfer-encoding|\r\n[^:\r\n]+: *(?:\r\n|$)/i);
      }
  });
});

describe('paths', () => {
  it('aptly-dev/aptly#98: a plus sign and %2B are one file, and never a space', async () => {
    for (const name of [PLUS, 'a%2Bb.bin', 'a%2bb.bin'])
      expect(Buffer.from(await (await ask(at(NEW, name))).arrayBuffer()).equals(bytesOf(NEW, PLUS)), name).toBe(true);
    expect(await status(at(NEW, 'a%20b.bin'))).toBe(404);
  });

  it('void-linux/xbps#606: an escape is 404 at once, whatever it stands for, and nothing climbs', async () => {
    const answered = async (path: string) => Number(/ (\d+) /.exec(await raw(request(path, LAST)))?.[1]);
    expect(await answered(`${N}/flatcar%5Fproduction%5fimage.bin.bz2`)).toBe(404);
    expect(await answered(`/%73table/amd64%2Dusr/${NEW}/version.txt`)).toBe(404);
    for (const path of [`${N}/%2e%2e/version.txt`, `${N}/..%2fversion.txt`, `${N}/version.txt%00`, `${N}/%252e/x`])
      expect(await answered(path), path).toBe(404);
  });

  it('netbootxyz/netboot.xyz#1712, tinkerbell/smee#229: one slash or two, no redirect by plain http', async () => {
    for (const path of [`${N}//${KERNEL}`, `//stable//amd64-usr/${NEW}/${KERNEL}`, `/boot//${capability}/ipxe`]) {
      const answer = await fetch(`${edge.url}${path}`, { redirect: 'manual' });
      await answer.arrayBuffer();
      expect([path, answer.status, answer.headers.get('location')]).toEqual([path, 200, null]);
    }
    const script = await raw(request(`/boot/${capability}/ipxe`, ['X-Forwarded-Host: evil.example', ...LAST]));
    expect(script).toContain('http://x/');
    expect(script).not.toContain('evil.example');
  });

  it('systemd/systemd#41303: a name that is not there is 404 and nothing else', async () => {
    for (const name of ['SHA256SUMS.sha256.asc', 'SHA256SUMS.sha256.gpg', 'SHA256SUMS.asc', 'SHA256SUMS.sha256'])
      expect(await status(at(NEW, name)), name).toBe(404);
  });

  it('canonical/cloud-init#2476: a folder of the metadata is one with a slash and without', async () => {
    const root = `${edge.url}/boot/${capability}/metadata`;
    for (const path of ['ec2/latest/meta-data', 'openstack/openstack']) {
      const [one, other] = [await ask(`${root}/${path}`), await ask(`${root}/${path}/`)];
      expect([path, one.status, await one.text()]).toEqual([path, 200, await other.text()]);
    }
    const leaf = await (await ask(`${root}/ec2/latest/meta-data/instance-id`)).text();
    expect(leaf).toMatch(/^\S+$/);
  });
});

describe('conditions', () => {
  it('apache/tomcat#325, scottlamb/http-serve#23, jakartaee/servlet#867: tags and dates by RFC 9110', async () => {
    const there = await ask(at(NEW), {}, 'HEAD');
    const [etag, date] = [there.headers.get('etag') ?? '', there.headers.get('last-modified') ?? ''];
    const rows: readonly (readonly [number, Record<string, string>])[] = [
      [304, { 'if-none-match': `"a,b", W/${etag}` }],
      [304, { 'if-none-match': '*' }],
      [200, { 'if-none-match': '"x"', 'if-modified-since': date }],
      [412, { 'if-match': '"x"', 'if-none-match': etag }],
      [412, { 'if-match': `W/${etag}` }],
      [200, { 'if-match': '*' }],
      [200, { 'if-modified-since': '0' }],
      [200, { 'if-modified-since': 'Sat, 31 Feb 2024 00:00:00 GMT' }],
      [304, { 'if-none-match': etag, range: 'bytes=0-9' }],
      [412, { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT', range: 'bytes=0-9' }],
    ];
    for (const [expected, headers] of rows)
      expect(await status(at(NEW), headers), JSON.stringify(headers)).toBe(expected);
  });
});

describe('clients that read files as they are', () => {
  it.skipIf(!has('python3', '-c', 'import requests'))(
    'openSUSE/MirrorCache#654: python requests does not unpack what is packed',
    async () => {
      const script = `import requests,hashlib,sys
a=requests.get(sys.argv[1]); print(a.headers.get('content-encoding'), hashlib.sha256(a.content).hexdigest(), len(a.content)==int(a.headers['content-length']))`;
      for (const version of [NEW, PASSED]) {
        const { stdout } = await runClient('python3', ['-c', script, at(version, INITRD)], folder());
        const digest = createHash('sha256').update(bytesOf(version, INITRD)).digest('hex');
        expect(stdout.trim()).toBe(`None ${digest} True`);
      }
    },
  );

  it.skipIf(!has('rclone', 'version'))(
    'rclone/rclone#5929, #8320: sizes, names and dates of the listing, and a copy that checks',
    async () => {
      const there = folder();
      const remote = (path: string) => [`:http,url='${edge.url}':${path}`];
      const listed = await runClient('rclone', ['lsf', '--format', 'sp', ...remote(`stable/amd64-usr/${NEW}`)], there);
      const lines = listed.stdout.trim().split('\n');
      expect(new Set(lines).size).toBe(lines.length);
      expect(lines).toContain(`${bytesOf(NEW).length};${IMAGE}`);
      expect(lines.filter((line) => line.startsWith('-1;') || line.includes('..'))).toEqual([]);
      const copied = await runClient('rclone', ['copy', ...remote(`stable/amd64-usr/${NEW}`), 'copy'], there);
      expect([copied.code, readFileSync(join(there, 'copy', IMAGE)).equals(bytesOf(NEW))]).toEqual([0, true]);
      const checked = await runClient(
        'rclone',
        ['check', '--download', ...remote(`stable/amd64-usr/${NEW}`), 'copy'],
        there,
      );
      expect([checked.code, checked.stderr]).toEqual([0, expect.stringContaining('0 differences found')]);
    },
  );

  it.skipIf(!has('lftp', '--version'))('lavv17/lftp#517: a mirrored folder, once and again, in parts too', async () => {
    const there = folder();
    const mirror = (more: string) =>
      runClient('lftp', ['-c', `set net:timeout 10; mirror ${more} ${edge.url}/stable/amd64-usr/${NEW}/ copy`], there);
    expect((await mirror('--parallel=2')).code).toBe(0);
    expect(readFileSync(join(there, 'copy', IMAGE)).equals(bytesOf(NEW))).toBe(true);
    const names = readdirSync(join(there, 'copy'));
    expect(names).toContain('version.txt');
    const again = await mirror('--verbose');
    expect(again.stdout).not.toContain('Transferring file');
    copyFileSync(join(there, 'copy', IMAGE), join(there, 'whole'));
    truncateSync(join(there, 'copy', IMAGE), MIB);
    expect((await mirror('-c')).code).toBe(0);
    expect(readFileSync(join(there, 'copy', IMAGE)).equals(readFileSync(join(there, 'whole')))).toBe(true);
  });

  it('flatcar/Flatcar#493: a pair by the number that Content-Location tells always belongs together', async () => {
    const first = await ask(at('prod', `${IMAGE}.DIGESTS`));
    const where = first.headers.get('content-location') ?? '';
    expect(where).toBe(`${N}/${IMAGE}.DIGESTS`);
    expect(await status(`${edge.url}${where}.asc`)).toBe(200);
  });
});
