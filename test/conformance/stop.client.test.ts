/**
 * Ctrl-C at whatever moment of `npm start` leaves no process behind; what has come from it is known by a mark in its environment.
 * `npm run stops` tries every moment, each of which is a start of its own; the tests try some of them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freePort } from '../../tools/wrangler-dev.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-stop-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ALL_MOMENTS = process.env['ALL_MOMENTS'] === '1';

type Moment = readonly [
  name: string,
  signal: NodeJS.Signals,
  whom: 'npm' | 'all' | 'runner',
  isNow: (start: Start) => boolean,
];

interface Marked {
  readonly pid: number;
  readonly command: string;
}

class Start {
  readonly #mark = crypto.randomUUID();
  readonly #npm: ChildProcess;
  readonly ended: Promise<unknown>;
  output = '';

  constructor(cwd: string, env: Readonly<Record<string, string>>) {
    // A group of its own, as a terminal gives one to each command.
    this.#npm = spawn('npm', ['start'], { cwd, detached: true, env: { ...process.env, ...env, START: this.#mark } });
    this.ended = new Promise((resolve) => this.#npm.once('exit', resolve));
    for (const stream of [this.#npm.stdout, this.#npm.stderr]) {
      stream?.on('data', (data) => {
        this.output += String(data);
      });
    }
  }

  /** All that has come from it and is alive, whoever is the parent by now. */
  processes(): Marked[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(`START=${this.#mark}`)) return [];
          const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ');
          return [{ pid: Number(name), command }];
        } catch {
          // It ended while we looked.
          return [];
        }
      });
  }

  runs(part: string): boolean {
    return this.processes().some(({ command }) => command.includes(part));
  }

  /** `all` is what a terminal does: everybody in the foreground is told. */
  tell(signal: NodeJS.Signals, whom: 'npm' | 'all' | 'runner'): void {
    const npm = this.#npm.pid ?? 0;
    const runner = this.processes().find(({ command }) => command.startsWith('node tools/run.mjs'));
    process.kill({ npm, all: -npm, runner: runner?.pid ?? 0 }[whom], signal);
  }
}

/** True as soon as the condition holds; false if that never happens. */
async function until(condition: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 3000; turn += 1) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

/** Tells it when the moment has come, and gives back whoever is left afterwards. */
async function leftAfter(start: Start, isNow: () => boolean, stop: () => void): Promise<Marked[]> {
  try {
    expect(await until(isNow), start.output).toBe(true);
    stop();
    await start.ended;
    await until(() => start.processes().length === 0);
    return start.processes();
  } finally {
    for (const { pid } of start.processes()) process.kill(pid, 'SIGKILL');
  }
}

describe.skipIf(!existsSync('/proc/self/environ'))('nobody is left when it is stopped', () => {
  const isUp = ({ output }: Start) => output.includes('Ctrl-C stops everything');
  const moments: readonly Moment[] = [
    ['as npm begins', 'SIGINT', 'npm', (start) => start.runs('tools/run.mjs')],
    ['as the script begins', 'SIGTERM', 'npm', (start) => start.runs('tools/start.ts')],
    ['while a release is signed', 'SIGINT', 'all', ({ output }) => output.includes('signing a release')],
    ['as wrangler begins', 'SIGTERM', 'runner', (start) => start.runs('wrangler/bin/wrangler.js')],
    ['while wrangler reads its configuration', 'SIGINT', 'npm', (start) => start.runs('wrangler-dist/cli.js')],
    ['while the pages are built', 'SIGTERM', 'npm', (start) => start.runs('tools/build-pages.ts')],
    ['while the Worker is bundled', 'SIGINT', 'all', (start) => start.runs('bin/esbuild')],
    ['as workerd begins', 'SIGINT', 'npm', (start) => start.runs('bin/workerd')],
    ['as it has answered the first request', 'SIGHUP', 'all', isUp],
    [
      'while a save is taken up',
      'SIGTERM',
      'npm',
      (start) => {
        // Said again and again: a watcher that has just begun misses the first.
        if (isUp(start)) utimesSync(join(root, 'src', 'index.ts'), new Date(), new Date());
        return isUp(start) && start.runs('tools/build-pages.ts');
      },
    ],
    ['by a kill that nobody can hear', 'SIGKILL', 'all', isUp],
  ];
  const tried = moments.filter((_moment, index) => ALL_MOMENTS || index % 4 === 2);
  it.each(tried)('%s (%s to %s)', async (_, signal, whom, isNow) => {
    const start = new Start(root, { PORT: String(await freePort()) });
    const left = await leftAfter(
      start,
      () => isNow(start),
      () => start.tell(signal, whom),
    );
    expect(left).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('while it installs (%s to npm)', async (signal) => {
    const clone = join(folder, signal);
    mkdirSync(join(clone, 'tools'), { recursive: true });
    for (const name of ['package.json', 'package-lock.json', 'tools/run.mjs'])
      cpSync(join(root, name), join(clone, name));
    // In the place of npm, which would ask a registry: it does not mind being told, and its child does not either.
    const deaf = "process.on('SIGINT', () => {}).on('SIGTERM', () => {}); setInterval(() => {}, 1000);";
    writeFileSync(join(clone, 'deaf-child.mjs'), deaf);
    writeFileSync(
      join(clone, 'deaf-npm.mjs'),
      `import { spawn } from 'node:child_process';\nspawn(process.execPath, ['deaf-child.mjs']);\n${deaf}`,
    );
    const script = `npm_execpath=${join(clone, 'deaf-npm.mjs')} exec node tools/run.mjs tools/start.ts`;
    const made = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    made.scripts['start'] = script;
    writeFileSync(join(clone, 'package.json'), JSON.stringify(made));
    const start = new Start(clone, {});
    const left = await leftAfter(
      start,
      () => start.runs('deaf-child.mjs'),
      () => start.tell(signal, 'npm'),
    );
    expect(left).toEqual([]);
  });
});
