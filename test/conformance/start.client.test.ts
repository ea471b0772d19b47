/** The README's first command, run as a newcomer runs it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { freePort, isPortFree } from '../../tools/wrangler-dev.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-start-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Started {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function start(port: number): Started {
  let output = '';
  const child = spawn(process.execPath, [join(root, 'tools', 'run.mjs'), 'tools/start.ts'], {
    cwd: root,
    env: { ...process.env, PORT: String(port) },
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += String(data);
    });
  }
  return { process: child, output: () => output, ended: new Promise((resolve) => child.on('exit', resolve)) };
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 600 && !condition(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 100));
}

describe('npm start', () => {
  it('offers a signed release at PORT, says nothing but its own words, and leaves with Ctrl-C', async () => {
    const port = await freePort();
    const started = start(port);
    await until(() => started.output().includes('Ctrl-C stops everything'));
    const lines = started.output();
    expect(lines).not.toMatch(/telemetry|\n\s+at |error|warn/i);
    const url = `http://127.0.0.1:${port}`;
    expect(lines).toContain(`\nconsole: ${url}/console\n`);
    const token = /^token: (\S+)$/m.exec(lines)?.[1];
    const jobs = await fetch(`${url}/api/mirrors`, { headers: { authorization: `Bearer ${token}` } });
    expect(jobs.status).toBe(200);
    const printed = [...lines.matchAll(/^ {2}(curl --fail-with-body -O .*)$/gm)].map((match) => match[1] ?? '');
    expect(printed).toHaveLength(2);
    const signature = printed.find((line) => line.endsWith('.sig'))?.split(' ')[3] ?? '';
    execFileSync('curl', ['-fsSO', signature], { cwd: folder });
    expect(readFileSync(join(folder, 'flatcar_production_image.bin.bz2.sig')).length).toBeGreaterThan(500);
    const head = await fetch(signature.replace(/\.sig$/, ''), { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(64 * 1024 * 1024)]);
    started.process.kill('SIGINT');
    expect(await started.ended).toBe(0);
    expect(await isPortFree(port)).toBe(true);
    expect(existsSync(join(root, '.dev.vars'))).toBe(false);
  });

  it('says in one line that its port is taken', async () => {
    const port = await freePort();
    const holder = createServer().listen(port, '127.0.0.1');
    const started = start(port);
    expect(await started.ended).toBe(1);
    holder.close();
    expect(started.output()).toBe(`port ${port} is taken; choose another one: PORT=${port + 1} npm start\n`);
  });
});

const packed = (bytes: Uint8Array) => gzipSync(bytes).length / 1024;
it('the console is there with its first 60 KiB gzip, and the editor and the plots are not part of them', () => {
  const assets = join(dirname(inject('worker')), 'public', 'assets');
  const sizes = ['console.js', 'style.css'].map((name) => packed(readFileSync(join(assets, name))));
  const size = sizes.reduce((sum, one) => sum + one, 0);
  console.log(`console: ${size.toFixed(1)} KiB gzip`);
  expect(size).toBeLessThan(60);
  const script = readFileSync(join(assets, 'console.js'), 'utf8');
  for (const apart of ['cm-editor', 'uplot']) expect(script).not.toContain(apart);
});

/** What is no module: the map, what wrangler says of it, how it is run, the static files. */
const KEPT = /\.(?:map|md|json)$|^public$/;

it('everything that would be deployed as the Worker stays under 400 KiB gzip', () => {
  const folder = dirname(inject('worker'));
  const modules = readdirSync(folder).filter((name) => !KEPT.test(name));
  const size = modules.reduce((sum, name) => sum + packed(readFileSync(join(folder, name))), 0);
  console.log(`bundle: ${size.toFixed(1)} KiB gzip in ${modules.join(', ')}`);
  expect(size).toBeLessThan(400);
});
