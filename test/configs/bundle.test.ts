/** Butane with files: what butane makes of its files directory, from a tar that the real tar has written. */
import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readFormat } from '../../src/configs/formats.ts';
import { readTar } from '../../src/configs/tar.ts';
import { readUserData } from '../../src/configs/user-data.ts';

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

type Files = Readonly<Record<string, string | { readonly link: string } | { readonly run: string }>>;
function packed(files: Files, ...args: string[]): Uint8Array<ArrayBuffer> {
  const root = mkdtempSync(join(tmpdir(), 'bundle-'));
  roots.push(root);
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'string') writeFileSync(path, content);
    else if ('link' in content) symlinkSync(content.link, path);
    else {
      writeFileSync(path, content.run);
      chmodSync(path, 0o755);
    }
  }
  return new Uint8Array(execFileSync('tar', ['-C', root, '-cf', '-', ...args, '.']));
}

async function written(files: Files, ...args: string[]) {
  const data = await readUserData(packed(files, ...args), 1024 * 1024);
  if (!data.ok) throw new Error(JSON.stringify(data.error));
  return readFormat(data.value, { format: undefined, platform: '', lenient: false });
}
const configOf = (result: Awaited<ReturnType<typeof written>>) => {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return JSON.parse(result.value.text);
};
const errorsOf = (result: Awaited<ReturnType<typeof written>>) =>
  result.ok || result.error.reason !== 'untranspilable'
    ? []
    : result.error.entries.map(({ path, message }) => [path, message]);

const HEAD = 'variant: flatcar\nversion: 1.1.0\n';
const LOCALS = `${HEAD}storage:
  files:
    - path: /a
      contents:
        local: files/a.txt
    - path: /linked
      contents:
        local: files/link
systemd:
  units:
    - name: a.service
      contents_local: units/a.service
      dropins:
        - name: b.conf
          contents_local: units/b.conf
passwd:
  users:
    - name: core
      ssh_authorized_keys:
        - ssh-rsa A
      ssh_authorized_keys_local:
        - keys/core.pub
`;

describe('local files', () => {
  const FILES = {
    'config.bu': LOCALS,
    'files/a.txt': 'one',
    'files/link': { link: '../files/a.txt' },
    'units/a.service': '[Service]\nExecStart=/bin/true\n',
    'units/b.conf': '[Service]\nRestart=no\n',
    'keys/core.pub': 'ssh-ed25519 B\r\n\nssh-ed25519 C\n',
  };
  it.each([['--format=gnu'], ['--format=pax'], ['--format=ustar'], ['--gzip']])(
    'are read from tar %s',
    async (format) => {
      expect(configOf(await written(FILES, format))).toMatchObject({
        storage: {
          files: [
            { path: '/a', contents: { source: 'data:,one' } },
            { path: '/linked', contents: { source: 'data:,one' } },
          ],
        },
        systemd: { units: [{ contents: FILES['units/a.service'], dropins: [{ contents: FILES['units/b.conf'] }] }] },
        passwd: { users: [{ sshAuthorizedKeys: ['ssh-rsa A', 'ssh-ed25519 B', 'ssh-ed25519 C'] }] },
      });
    },
  );
  it('that are not there, or not within, are named', async () => {
    const { 'files/a.txt': _gone, ...rest } = FILES;
    const outside = LOCALS.replace('keys/core.pub', '../../etc/shadow').replace('units/b.conf', 'units');
    expect(errorsOf(await written({ ...rest, 'config.bu': outside }))).toEqual(
      expect.arrayContaining([
        ['storage.files.0.contents.local', 'open files/a.txt: no such file beside the config'],
        ['storage.files.1.contents.local', 'open files/link: no such file beside the config'],
        ['passwd.users.0.ssh_authorized_keys_local.0', 'local file path traverses outside the files directory'],
        ['systemd.units.0.dropins.0.contents_local', 'read units: it is not a file'],
      ]),
    );
  });
  it('without an archive are refused, with what to do', () => {
    const result = readFormat(
      { text: LOCALS, kind: 'ignition', notes: [] },
      { format: undefined, platform: '', lenient: false },
    );
    expect(errorsOf(result)[0]).toEqual([
      'storage.files.0.contents.local',
      expect.stringContaining('send a tar of the config and its files'),
    ]);
  });
});

describe('trees', () => {
  const tree = (rest = '', files = '') => `${HEAD}storage:\n  trees:\n    - local: root\n${rest}${files}`;
  it('become files and links, in the order of their names, with their modes', async () => {
    const config = configOf(
      await written({
        'config.bu': tree('      path: /opt\n'),
        'root/b/run.sh': { run: '#!/bin/sh\n' },
        'root/a': 'x',
        'root/b-c': { link: 'a' },
        'root/empty/.keep': '',
      }),
    );
    expect(config.storage.files).toEqual([
      { path: '/opt/a', contents: expect.objectContaining({ source: 'data:,x' }), mode: 0o644 },
      { path: '/opt/b/run.sh', contents: expect.anything(), mode: 0o755 },
      { path: '/opt/empty/.keep', contents: expect.objectContaining({ source: 'data:,' }), mode: 0o644 },
    ]);
    expect(config.storage.links).toEqual([{ path: '/opt/b-c', target: 'a' }]);
  });
  it('complete a file that has no contents, and leave one alone that has', async () => {
    const files = '  files:\n    - path: /a\n      mode: 0600\n';
    const root = { 'root/a': 'x' };
    expect(configOf(await written({ ...root, 'config.bu': tree('', files) })).storage.files).toMatchObject([
      { path: '/a', mode: 0o600, contents: { source: 'data:,x' } },
    ]);
    const taken = '  files:\n    - path: /a\n      contents:\n        inline: y\n';
    expect(errorsOf(await written({ ...root, 'config.bu': tree('', taken) }))).toEqual([
      ['storage.trees.0', 'matching filesystem node has existing contents or different type'],
    ]);
  });
  it('are directories', async () => {
    expect(errorsOf(await written({ 'config.bu': tree(), root: 'x' }))).toEqual([
      ['storage.trees.0', 'root of tree must be a directory'],
    ]);
    expect(errorsOf(await written({ 'config.bu': tree() }))).toEqual([
      ['storage.trees.0', 'open root: no such directory beside the config'],
    ]);
  });
});

describe('the config of an archive', () => {
  const fault = async (files: Files) => {
    const data = await readUserData(packed(files), 1024 * 1024);
    return data.ok ? 'none' : data.error;
  };
  it.each([
    [{ 'a.bu': HEAD, 'b.yaml': 'x: 1' }],
    [{ 'only.yaml': HEAD, 'files/x.bu': 'x' }],
    [{ 'config.yml': HEAD, 'other.bu': 'x' }],
  ])('is found by its name: %j', async (files) => {
    expect((await written(files)).ok).toBe(true);
  });
  it('is missed, or one too many', async () => {
    expect(await fault({ 'files/a.bu': HEAD })).toEqual({
      reason: 'bad-archive',
      message: 'the tar has no config at its top: name it config.bu',
    });
    expect(await fault({ 'a.bu': HEAD, 'b.bu': HEAD })).toMatchObject({
      message: expect.stringMatching(/^the tar has several configs at its top: .*name the one config\.bu$/),
    });
  });
  it('of a long name, below a long path, is read', async () => {
    const name = `${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(120)}`;
    const config = `${HEAD}storage:\n  files:\n    - path: /a\n      contents:\n        local: ${name}\n`;
    for (const format of ['--format=gnu', '--format=pax'])
      expect(
        configOf(await written({ 'config.bu': config, [name]: 'x' }, format)).storage.files[0].contents.source,
      ).toBe('data:,x');
  });
});

describe('a tar', () => {
  const whole = packed({ 'config.bu': HEAD, a: 'x' });
  it('that is cut short or changed is refused', () => {
    for (const length of [512, 600, 1024, 1536]) expect(readTar(whole.slice(0, length)).ok).toBe(false);
    const changed = whole.slice();
    changed[0] = 0x41;
    expect(readTar(changed)).toEqual({ ok: false, error: 'the tar is broken: a header has a wrong checksum' });
  });
  it('is refused or read, and nothing throws, whatever byte is another', () => {
    for (let at = 0; at < 1100; at += 1) {
      const changed = whole.slice();
      changed[at] = 0xff - (changed[at] ?? 0);
      expect(readTar(changed)).toHaveProperty('ok');
    }
  });
});

describe('an archive that is odd', () => {
  const one = (local: string) =>
    `${HEAD}storage:\n  files:\n    - path: /a\n      contents:\n        local: ${local}\n`;
  it('with a directory that is a link is read through it', async () => {
    const files = { 'config.bu': one('link/a.txt'), 'real/a.txt': 'x', link: { link: 'real' } };
    expect(configOf(await written(files)).storage.files[0].contents.source).toBe('data:,x');
  });
  it('with links in a circle, or out of it, is refused', async () => {
    for (const link of ['loop', '../../etc', '/etc']) {
      const errors = errorsOf(await written({ 'config.bu': one('loop/a.txt'), loop: { link } }));
      expect(errors).toEqual([['storage.files.0.contents.local', 'open loop/a.txt: no such file beside the config']]);
    }
  });
  it('with two names of one file has it twice', async () => {
    const root = mkdtempSync(join(tmpdir(), 'bundle-'));
    roots.push(root);
    writeFileSync(join(root, 'config.bu'), one('b.txt'));
    writeFileSync(join(root, 'a.txt'), 'x');
    linkSync(join(root, 'a.txt'), join(root, 'b.txt'));
    const tar = new Uint8Array(execFileSync('tar', ['-C', root, '-cf', '-', 'a.txt', 'b.txt', 'config.bu']));
    const data = await readUserData(tar, 1024 * 1024);
    if (!data.ok) throw new Error(JSON.stringify(data.error));
    const made = readFormat(data.value, { format: undefined, platform: '', lenient: false });
    expect(configOf(made).storage.files[0].contents.source).toBe('data:,x');
  });
  it('with sparse files is refused, and the reason says so', async () => {
    const root = mkdtempSync(join(tmpdir(), 'bundle-'));
    roots.push(root);
    writeFileSync(join(root, 'config.bu'), one('a'));
    writeFileSync(join(root, 'a'), '');
    truncateSync(join(root, 'a'), 200_000);
    for (const format of ['gnu', 'pax']) {
      const tar = new Uint8Array(execFileSync('tar', ['-C', root, '--sparse', `--format=${format}`, '-cf', '-', '.']));
      expect(await readUserData(tar, 1024 * 1024)).toMatchObject({
        ok: false,
        error: { message: expect.stringContaining('sparse') },
      });
    }
  });
  it('that names one file very often is refused before it is embedded', async () => {
    const often = Array.from({ length: 5000 }, (_, at) => `    - {path: /${at}, contents: {local: big}}`).join('\n');
    const errors = errorsOf(
      await written({ 'config.bu': `${HEAD}storage:\n  files:\n${often}\n`, big: 'x'.repeat(500_000) }),
    );
    expect(errors.length).toBeGreaterThan(0);
    expect(errors[0]?.[1]).toBe('the local files come to over 4194304 bytes: fetch large ones by a URL');
  });
  it('with more trees than anybody has is refused', async () => {
    const trees = Array.from({ length: 1001 }, () => '    - {local: root}').join('\n');
    const errors = errorsOf(await written({ 'config.bu': `${HEAD}storage:\n  trees:\n${trees}\n`, 'root/a': 'x' }));
    expect(errors).toEqual([['storage.trees', 'has over 1000 trees']]);
  });
  it('puts a tree where Go joins its path', async () => {
    const config = configOf(
      await written({
        'config.bu': `${HEAD}storage:\n  trees:\n    - {local: root, path: /a//b/../}\n`,
        'root/x': 'y',
      }),
    );
    expect(config.storage.files[0].path).toBe('/a/x');
  });
});
