/** Starts `wrangler dev` on loopback as a child whose chatter goes to a file, and says when it answers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';

export interface DevOptions {
  readonly port: number;
  readonly vars: Readonly<Record<string, string>>;
  /** Where R2 and KV are kept. */
  readonly persistTo: string;
  readonly logFile: string;
  /** Another configuration than the project's own. */
  readonly config?: string;
  /** Answers once the Worker is up; /healthz unless told. */
  readonly readyPath?: string;
}

export interface DevServer {
  readonly url: string;
  readonly pid: number;
  /** Resolves with the exit code when it ends by itself or is stopped. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

const root = dirname(import.meta.dirname);
const READY_WITHIN_MS = 60_000;

/** True when nobody listens on `port` of the loopback interface. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

export async function startDev({ port, vars, persistTo, logFile, config, readyPath }: DevOptions): Promise<DevServer> {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'w');
  const varArguments = Object.entries(vars).flatMap(([name, value]) => ['--var', `${name}:${value}`]);
  const child = spawn(
    process.execPath,
    [
      join(root, 'node_modules', 'wrangler', 'bin', 'wrangler.js'),
      ...(config === undefined ? [] : ['--config', config]),
      ...['dev', '--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0'],
      ...['--persist-to', persistTo, '--show-interactive-dev-session=false', ...varArguments],
    ],
    {
      cwd: root,
      stdio: ['ignore', log, log],
      // Its own process group: Ctrl-C reaches us alone, and we end it in order.
      detached: true,
      env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false', FORCE_COLOR: '0' },
    },
  );
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const url = `http://127.0.0.1:${port}`;
  const isReady = await Promise.race([answers(`${url}${readyPath ?? '/healthz'}`), ended.then(() => false)]);
  const server = { url, pid: child.pid ?? -1, ended, stop: () => stop(child, ended) };
  if (isReady) return server;
  await server.stop();
  throw new Error(`wrangler dev did not start; see ${logFile}`);
}

async function answers(url: string): Promise<boolean> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    const response = await fetch(url).catch(() => undefined);
    if (response !== undefined) return true;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  return false;
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(-(child.pid ?? 0), name);
    } catch {
      // Gone already.
    }
  };
  if (child.pid === undefined) return;
  signal('SIGINT');
  const timer = setTimeout(() => signal('SIGKILL'), 5_000);
  await ended;
  clearTimeout(timer);
  signal('SIGKILL');
}
