/** The packages as others install them: from their tarballs, by npm, in an empty folder, without any dependency. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { config } from '../support/machine-texts.ts';
import { OPERATOR_TOKEN, type RunningEdge, runEdge } from '../support/running-edge.ts';

const root = join(import.meta.dirname, '..', '..');
/** Of its own: the README's example builds into dist/packages, perhaps at the same time. */
const out = mkdtempSync(join(tmpdir(), 'flatcar-edge-built-'));
const IMAGE = 'flatcar_production_image.bin.bz2';

let folder: string;
let edge: RunningEdge;
beforeAll(async () => {
  execFileSync(process.execPath, [join(root, 'tools', 'packages', 'build.ts'), out], { cwd: root });
  folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-packages-'));
  writeFileSync(join(folder, 'package.json'), '{"name":"consumer","private":true,"type":"module"}');
  const tarballs = readdirSync(out).filter((name) => name.endsWith('.tgz'));
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs.map((name) => join(out, name))], {
    cwd: folder,
    stdio: 'pipe',
  });
  edge = await runEdge({
    ...{
      CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
      STORAGE_KEY: 'storage-key-of-at-least-32-bytes-!',
    },
    ...{ MIRROR: 'stable/amd64-usr' },
    MIRROR_FILES: `version.txt,${IMAGE}`,
  });
  await edge.release('4593.2.5', { [IMAGE]: 300_000 });
});
afterAll(async () => {
  await edge?.stop();
  for (const made of [folder, out]) if (made !== undefined) rmSync(made, { recursive: true });
});

const at = (name: string) => join(folder, name);
const write = (name: string, text: string): string => {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
  return at(name);
};

/** Runs the installed program with a clean environment. The release hosts live in this process, so it must not wait idle. */
async function cli(
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
) {
  const child = spawn(at('node_modules/.bin/flatcar-edge'), [...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', FLATCAR_EDGE_URL: edge.url, FLATCAR_EDGE_TOKEN: OPERATOR_TOKEN, ...env },
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.end(input);
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, err };
}

const outOf = async (...asked: Parameters<typeof cli>): Promise<string> => (await cli(...asked)).out;

it.each(['flatcar-edge', '@flatcar-edge/ignition', '@flatcar-edge/butane'])(
  '%s has code, types, a readme, and no dependency',
  (name) => {
    const installed = (file: string) => readFileSync(at(`node_modules/${name}/${file}`), 'utf8');
    const manifest = JSON.parse(installed('package.json')) as Record<string, unknown>;
    expect([manifest['dependencies'], manifest['type'], manifest['license']]).toEqual([
      undefined,
      'module',
      'Apache-2.0',
    ]);
    expect(installed('index.js')).not.toMatch(/\bfrom ["'][^.]|\brequire\(/);
    expect(installed('index.d.ts')).not.toMatch(/\bfrom ["']|import\(/);
    expect(installed('README.md').split('\n').length).toBeLessThan(24);
  },
);

describe('the client', () => {
  const PROGRAM = `
    import { flatcarEdge } from 'flatcar-edge';
    import { validate, merge } from '@flatcar-edge/ignition';
    import { butane } from '@flatcar-edge/butane';
    const edge = flatcarEdge({ url: process.env.EDGE, token: process.env.TOKEN });
    const put = await edge.call('putMachine', { params: { id: 'from-node' }, body: '{"ignition":{"version":"3.3.0"}}', ifNoneMatch: '*' });
    const seen = await edge.call('getMachine', { params: { id: 'from-node' } });
    const patched = await edge.call('patchMachine', { params: { id: 'from-node' }, body: { version: '4593.2.5' }, ifMatch: seen.etag });
    const late = await edge.call('patchMachine', { params: { id: 'from-node' }, body: { version: 'current' }, ifMatch: seen.etag });
    await edge.call('deleteMachine', { params: { id: 'from-node' } });
    console.log(JSON.stringify([put.ok, seen.ok && seen.value.kind, patched.ok, late.ok || late.error.status,
      validate('{"ignition":{"version":"3.4.0"}}').valid, merge('{"ignition":{"version":"3.4.0"}}', 'x').ok,
      butane('variant: flatcar\\nversion: 1.1.0\\n').ok]));
  `;
  const SAID = [true, 'ignition', true, 412, true, false, true];

  // The machine's own Node may be as old as 20, and the project's is new.
  it.each([...new Set(['/usr/bin/node', process.execPath])])('works in %s', (node) => {
    const ran = spawnSync(node, [write('program.mjs', PROGRAM.replaceAll('\\\\', '\\'))], {
      ...{ cwd: folder, encoding: 'utf8' },
      env: { EDGE: edge.url, TOKEN: OPERATOR_TOKEN },
    });
    if (ran.error !== undefined) return;
    expect([ran.stderr, JSON.parse(ran.stdout)]).toEqual(['', SAID]);
  });

  it('has types that know each call, under strict rules', () => {
    write(
      'typed.ts',
      `import { flatcarEdge } from 'flatcar-edge';
       import { validate } from '@flatcar-edge/ignition';
       import { butane } from '@flatcar-edge/butane';
       const edge = flatcarEdge({ url: 'http://x' });
       export async function all(): Promise<string> {
         const list = await edge.call('listMachines', { query: { state: 'stale' } });
         const first: 'booted' | 'stale' | 'failing' | 'expired' | 'never-booted' | undefined = list.ok ? list.value.items[0]?.state : undefined;
         const made = butane('x');
         const alias = await edge.call('pinAlias', { params: { channel: 'a', board: 'b', alias: 'c' }, body: { version: '1.2.3' }, ifMatch: '"x"' });
         return String(first) + validate('').valid + (made.ok ? made.entries.length : made.error) + (alias.ok ? alias.value.before : alias.error.reason);
       }
       // @ts-expect-error there is no such call
       void edge.call('putMachin', {});
       // @ts-expect-error a duration is a text
       void edge.call('pinAlias', { params: { channel: 'a', board: 'b', alias: 'c' }, body: { follows: 'current', after: 7 } });
       // @ts-expect-error the path needs an id
       void edge.call('getMachine', { params: {} });`,
    );
    write(
      'tsconfig.json',
      '{"compilerOptions":{"strict":true,"exactOptionalPropertyTypes":true,"module":"NodeNext","target":"ES2022","lib":["ES2022","DOM"],"noEmit":true,"types":[]},"files":["typed.ts"]}',
    );
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const ran = spawnSync(process.execPath, [tsc, '--project', folder], { encoding: 'utf8' });
    expect(ran.stdout).toBe('');
  });
});

describe('the command line', () => {
  it('puts, shows, explains and deletes a machine', async () => {
    const file = write('user.ign', config('/user'));
    expect(await cli(['machine', 'put', 'vm-1', file, '--dry-run'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing was stored'),
    });
    expect(await cli(['machine', 'get', 'vm-1'])).toMatchObject({ code: 1, err: 'no such machine (404)\n' });
    const put = await cli(['machine', 'put', 'vm-1', file, '--if-absent']);
    expect(put).toMatchObject({ code: 0, err: '' });
    const url = /^ignition +(\S+)$/m.exec(put.out)?.[1] ?? '';
    expect((await fetch(url)).status).toBe(200);
    expect(await cli(['machine', 'put', 'vm-1', file, '--if-absent'])).toMatchObject({ code: 4 });
    expect(await outOf(['machine', 'put', 'vm-1', file])).toContain('nothing is different');
    expect(put.out).toMatch(/^grub +http.*\/grub$/m);
    await outOf(['machine', 'set', 'vm-1', '--kernel-args', 'console=ttyS0,115200 quiet']);
    expect(await outOf(['machine', 'get', 'vm-1'])).toMatch(/^its kernel gets +console=ttyS0,115200 quiet$/m);
    expect(await outOf(['machine', 'explain', 'vm-1'])).toContain('kernel  console=ttyS0,115200 quiet');
    expect(await outOf(['machine', 'put', 'vm-1', file, '--kernel-args=quiet'])).not.toContain('warning');
    await outOf(['machine', 'set', 'vm-1', '--kernel-args=']);
    expect(JSON.parse(await outOf(['machine', 'get', 'vm-1', '--json']))).toMatchObject({ kernelArgs: [] });
    expect(JSON.parse(await outOf(['machine', 'list', '--json', '--prefix=vm-']))).toMatchObject([
      { id: 'vm-1', kind: 'ignition' },
    ]);
    expect(await cli(['machine', 'list', '--state', 'asleep'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^state: must be one or more of /),
    });
    expect(await outOf(['machine', 'explain', 'vm-1'])).toContain('"/user"');
    expect((await outOf(['machine', 'user-data', 'vm-1'])).replaceAll(/\s/g, '')).toBe(config('/user'));
    expect(await cli(['machine', 'token', 'vm-1', '--revoke'])).toMatchObject({ code: 0 });
    const lines = await outOf(['machine', 'export']);
    expect(await cli(['machine', 'import', '-', '--dry-run'], { input: lines })).toMatchObject({
      code: 0,
      out: 'dry run: 1 machines\n',
    });
    expect(await cli(['machine', 'rm', 'vm-1'])).toMatchObject({ code: 0, out: 'vm-1: deleted\n' });
  });

  it('mirrors a release with its progress, pins it, takes it back and lifts that', async () => {
    const mirrored = await cli(['release', 'mirror', 'current', '--wait']);
    expect(mirrored).toMatchObject({ code: 0, out: 'stable amd64-usr 4593.2.5: complete\n' });
    expect(mirrored.err).toMatch(/^4593\.2\.5 \[.{30}\] \d+ %, \d of 2 files$/m);
    expect(await outOf(['release', 'list'])).toMatch(/^stable +amd64-usr +4593\.2\.5 +published +12 +current$/m);
    expect(await outOf(['release', 'pin', '4593.2.5', '--dry-run'])).toBe(
      'dry run: stable amd64-usr current: 4593.2.5 -> 4593.2.5\n',
    );
    expect(await cli(['release', 'pin', '1.2.3'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not published here'),
    });
    expect(await cli(['release', 'quarantine', '4593.2.5', '--reason', 'does not boot'])).toMatchObject({ code: 0 });
    expect(await outOf(['release', 'list', '--state', 'quarantined'])).toContain('does not boot');
    expect(await cli(['release', 'lift', '4593.2.5'])).toMatchObject({ code: 0 });
    expect(await cli(['release', 'mirror', '9.9.9', '--channel', 'none'])).toMatchObject({ code: 1 });
  });

  it('writes profiles, tokens, and reads the trail', async () => {
    const base = write('base.ign', config('/base'));
    expect(await cli(['profile', 'base', 'web', base])).toMatchObject({
      code: 0,
      out: expect.stringContaining('web: stored; 0 machines'),
    });
    expect(await cli(['profile', 'set', 'web', '--cloud-init', 'off'])).toMatchObject({ code: 0 });
    await outOf(['profile', 'set', 'web', '--kernel-args', 'flatcar.oem.id=qemu']);
    const declared = write('declared', '# comment\nrack=7\njoin_token\n');
    await outOf(['profile', 'set', 'web', '--vars', declared]);
    expect(await outOf(['profile', 'get', 'web'])).toMatch(/^variables +rack=7, join_token \(must be said\)$/m);
    const vars = write('vars', 'join_token=a=b\n');
    await outOf([
      'machine',
      'put',
      'vm-3',
      '--profiles',
      'web',
      '--hostname',
      'node-3',
      '--vars',
      vars,
      '--labels',
      'row=b,rack=7',
    ]);
    expect(await outOf(['machine', 'get', 'vm-3'])).toMatch(/^variables +join_token=a=b$/m);
    expect(await outOf(['machine', 'list', '--label', 'row=b'])).toContain('vm-3');
    expect(await outOf(['machine', 'list', '--label', 'row=c'])).not.toContain('vm-3');
    await outOf(['machine', 'set', 'vm-3', '--profiles=', '--vars', declared.replace('declared', 'vars')]);
    expect(await outOf(['machine', 'rm', 'vm-3'])).toContain('deleted');
    expect(await outOf(['profile', 'get', 'web'])).toMatch(/^kernel arguments +flatcar\.oem\.id=qemu$/m);
    expect(JSON.parse(await outOf(['profile', 'get', 'web', '--json']))).toMatchObject({
      cloudInit: 'off',
      base: config('/base'),
    });
    const token = (await outOf(['token', 'create', 'ci', '--may', 'read,machines'])).trim();
    expect(await outOf(['token', 'list'])).toMatch(/^ci +read\+machines/m);
    expect(await cli(['profile', 'rm', 'web'], { env: { FLATCAR_EDGE_TOKEN: token } })).toMatchObject({
      code: 1,
      err: expect.stringContaining('token ci may read, machines; deleteProfile needs profiles'),
    });
    expect(await outOf(['audit', '--target', '/api/profiles/web'])).toContain('putProfileBase');
    expect(await cli(['token', 'rm', 'ci'])).toMatchObject({ code: 0 });
    expect(await cli(['health'])).toMatchObject({ code: 0, out: 'ok\n' });
  });

  it('takes over a folder of matchbox’s, and keeps a fleet', async () => {
    const profile = { id: 'worker', ignition_id: 'worker.yaml', boot: { args: ['console=ttyS0'] } };
    const yaml =
      'variant: flatcar\nversion: 1.1.0\nstorage:\n  files:\n    - path: /etc/key\n      contents:\n        inline: {{.key}}\n';
    write('matchbox/profiles/worker.json', JSON.stringify(profile));
    write('matchbox/ignition/worker.yaml', yaml);
    const group = (id: string, selector: object) =>
      write(
        `matchbox/groups/${id}.json`,
        JSON.stringify({ id, profile: 'worker', selector, metadata: { key: '"a: b\n' } }),
      );
    group('node1', { mac: '52:54:00:00:00:01' });
    group('rack', { rack: '7' });
    const folder = at('matchbox');
    const planned = await cli(['import', 'matchbox', folder, '--dry-run'], { env: { FLATCAR_EDGE_URL: '' } });
    expect(planned).toMatchObject({
      code: 0,
      out: expect.stringContaining('machine node1: mac=52:54:00:00:00:01: worker\n'),
    });
    const done = await cli(['import', 'matchbox', folder, '--fleet', 'room']);
    expect(done).toMatchObject({ code: 0, err: '' });
    const url = /^(http\S+)$/m.exec(done.out)?.[1] ?? '';
    const script = await (await fetch(`${url}?mac=52-54-00-00-00-01`)).text();
    expect(script).toContain('console=ttyS0');
    const booted = await (await fetch(/ignition\.config\.url=(\S+)/.exec(script)?.[1] ?? '')).text();
    expect(booted).toContain('"data:,%22a:%20b%0A"');
    // What is there already stays as it is.
    expect(await cli(['import', 'matchbox', folder, '--fleet', 'room'])).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /^profile worker .*\nfleet room: .*\nnot taken: fleet room: it exists already, .*\nnot taken: machine node1: it exists/s,
      ),
    });
    await fetch(`${url}?mac=52-54-00-00-00-02&serial=AB`);
    await expect
      .poll(() => outOf(['fleet', 'waiting', 'room']))
      .toMatch(/^mac-52-54-00-00-00-02 +waiting +\S+ +mac 52/m);
    const assigned = ['fleet', 'assign', 'room', 'mac-52-54-00-00-00-02', '--profiles=', '--id', 'node2'];
    expect(await cli(assigned)).toMatchObject({ code: 0, out: expect.stringMatching(/^node2: stored/) });
    expect(await outOf(['machine', 'list', '--fleet', 'room'])).toMatch(/^node2 +-/m);
    expect(await outOf(['machine', 'get', 'node2'])).toMatch(/^known by +52:54:00:00:00:02, AB$/m);
    await outOf([
      'machine',
      'set',
      'node2',
      '--once',
      'on',
      '--serial=',
      '--mac',
      '52:54:00:00:00:02,52:54:00:00:00:03',
    ]);
    expect(await outOf(['machine', 'get', 'node2'])).toMatch(/^for one boot +not yet$/m);
    expect(await outOf(['machine', 'rearm', 'node2'])).toContain('node2: stored');
    // What could not be stored says so, and leaves nothing half made.
    write('matchbox/profiles/bad.json', JSON.stringify({ id: 'bad', ignition_id: 'bad.yaml' }));
    write('matchbox/ignition/bad.yaml', 'variant: flatcar\nversion: 9.9.9\n');
    write('matchbox/groups/bad.json', JSON.stringify({ id: 'bad1', profile: 'bad', selector: { serial: 'X1' } }));
    const half = await cli(['import', 'matchbox', folder, '--fleet', 'room']);
    expect(half.out).toMatch(/^not taken: profile bad: .*version/m);
    expect(half.out).toContain('not taken: machine bad1: its profile bad was not stored\n');
    expect(half.out).not.toMatch(/^(?:profile bad|machine bad1)/m);
    expect(await cli(['profile', 'get', 'bad'])).toMatchObject({ code: 1 });
    expect(await cli(['machine', 'set', 'node2', '--window', '1h'])).toMatchObject({ code: 2 });
    const says = await outOf(['fleet', 'get', 'room']);
    expect(await outOf(['fleet', 'put', 'room', '-', '--if-match', 'x'], { input: says })).toBe('');
    expect(await outOf(['fleet', 'put', 'room', '-'], { input: says })).toContain('nothing is different');
    expect(await outOf(['fleet', 'token', 'room', '--revoke'])).toMatch(/^ipxe +http/m);
    expect((await fetch(url)).status).toBe(410);
    expect(await outOf(['fleet', 'list'])).toMatch(/^room +1 /m);
    expect(await outOf(['fleet', 'rm', 'room'])).toBe('room: deleted\n');
    expect(await cli(['import', 'matchbox', at('nothing')])).toMatchObject({ code: 2 });
  });

  it('checks, merges and transpiles configs without any service', async () => {
    const nowhere = { env: { FLATCAR_EDGE_URL: '', FLATCAR_EDGE_TOKEN: '' } };
    const good = write('good.bu', 'variant: flatcar\nversion: 1.1.0\nstorage:\n  files:\n    - path: /etc/a\n');
    const bad = write('bad.ign', '{"ignition":{"version":"3.4.0"},\n"storage":{"files":[{"path":"a"}]}}');
    const broken = write('broken.bu', 'variant: flatcar\nversion: 1.1.0\nstorage: [\n');
    expect(await cli(['validate', good], nowhere)).toMatchObject({
      code: 0,
      out: expect.stringContaining('valid, Ignition 3.4.0'),
    });
    expect(await cli(['validate', bad], nowhere)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/bad\.ign:2:\d+: error: storage\.files\.0\.path: path not absolute/),
    });
    expect(
      await cli(['validate', '-', '--release', '4081.3.10'], { ...nowhere, input: '{"ignition":{"version":"3.6.0"}}' }),
    ).toMatchObject({ code: 1 });
    expect(await cli(['validate', broken], nowhere)).toMatchObject({
      code: 1,
      err: expect.stringContaining('broken.bu'),
    });
    expect(JSON.parse(await outOf(['transpile', good], nowhere))).toMatchObject({ ignition: { version: '3.4.0' } });
    expect(await cli(['transpile', broken], nowhere)).toMatchObject({ code: 1, out: '' });
    const other = write('other.ign', config('/b'));
    expect(JSON.parse(await outOf(['merge', good, other], nowhere))).toMatchObject({
      storage: { files: [{ path: '/etc/a' }, { path: '/b' }] },
    });
    expect(await cli(['merge', bad, other], nowhere)).toMatchObject({ code: 1 });
  });

  it.each([
    [['machine', 'put', 'vm', '--profil', 'web'], 'unknown flag --profil; did you mean --profile?'],
    [['machin', 'list'], 'unknown command machin; did you mean machine?'],
    [['machine', 'lst'], 'unknown command machine lst; did you mean machine list?'],
    [['machine', 'get', 'a', 'b'], 'too many arguments: b'],
    [['machine', 'get'], 'Missing required positional argument: ID'],
    [['validate', 'no-such-file'], 'no-such-file cannot be read: '],
  ])('%j is a wrong command line', async (args, said) => {
    const { code, err } = await cli(args);
    expect([code, err]).toEqual([2, expect.stringContaining(said)]);
  });

  it('says where it cannot reach anybody, and needs an address', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    expect(await cli(['machine', 'list', '--url', `http://127.0.0.1:${port}`])).toMatchObject({
      code: 3,
      err: expect.stringContaining('cannot be reached'),
    });
    expect(await cli(['machine', 'list'], { env: { FLATCAR_EDGE_URL: '' } })).toMatchObject({
      code: 2,
      err: expect.stringContaining('FLATCAR_EDGE_URL'),
    });
  });

  it('completes in bash what it has', async () => {
    const script = write('completion.bash', await outOf(['completion', 'bash']));
    const complete = (...words: string[]): string[] =>
      execFileSync(
        'bash',
        [
          '-c',
          `source ${script}; COMP_WORDS=(flatcar-edge ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _flatcar_edge; printf '%s\n' "\${COMPREPLY[@]}"`,
        ],
        { encoding: 'utf8' },
      )
        .trim()
        .split('\n');
    expect(complete('mach')).toEqual(['machine']);
    expect(complete('machine', 'ex')).toEqual(['explain', 'export']);
    expect(complete('machine', 'put', '--pro')).toEqual(['--profile', '--profiles']);
    expect(complete('machine', 'put', 'vm-1', '--pro')).toEqual(['--profile', '--profiles']);
    expect(await outOf(['completion', 'zsh'])).toContain('bashcompinit');
    expect(await cli(['completion', 'fish'])).toMatchObject({ code: 2 });
  });

  it('tells each command, its flags and the exit codes', async () => {
    expect(await cli(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('Exit codes: 0 done') });
    expect(await outOf(['machine', 'put', '--help'])).toContain('--if-match=<ETAG>');
    expect(await outOf(['--version'])).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
