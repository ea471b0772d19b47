/** Starts `wrangler dev` on loopback as a child whose chatter goes to a file, and says when it answers. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { startGroup } from './process-group.ts';

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
  /** True while somebody develops: nothing is minified, so a save is live sooner. Otherwise the Worker is as it would be deployed. */
  readonly isReadable?: boolean;
  /** Ends it, even while it starts. */
  readonly signal?: AbortSignal;
}

export interface DevServer {
  readonly url: string;
  readonly pid: number;
  /** Resolves with the exit code when it ends by itself or is stopped. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

const root = dirname(import.meta.dirname);
/** wrangler's own script. */
export const WRANGLER = join(root, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
/** What keeps wrangler from minifying the Worker, and tools/build-pages.ts the pages. */
export const READABLE = { args: ['--minify=false'], env: { PAGES: 'readable' } } as const;
/** No word to Cloudflare, neither what is run nor the question from where. */
export const QUIET = { WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' } as const;
/** What is asked is played on this machine over plain HTTP; each certificate in such a file makes every reload slower. */
const NO_CERTIFICATES = { NODE_EXTRA_CA_CERTS: undefined };
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

/** Resolves when the Worker answers; rejects, with nothing left running, when it does not or `signal` is aborted before it does. */
export async function startDev(options: DevOptions): Promise<DevServer> {
  const { port, vars, persistTo, logFile, config, readyPath, isReadable, signal } = options;
  signal?.throwIfAborted();
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'w');
  const group = startGroup(
    WRANGLER,
    [
      ...(config === undefined ? [] : ['--config', config]),
      ...['dev', '--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0'],
      ...['--persist-to', persistTo, '--show-interactive-dev-session=false'],
      ...(isReadable ? READABLE.args : []),
      ...Object.entries(vars).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
    ],
    {
      cwd: root,
      stdio: ['ignore', log, log],
      env: { ...QUIET, ...NO_CERTIFICATES, FORCE_COLOR: '0', ...(isReadable ? READABLE.env : {}) },
    },
  );
  closeSync(log);
  const url = `http://127.0.0.1:${port}`;
  const over = new AbortController();
  const giveUp = () => over.abort();
  void group.ended.then(giveUp);
  signal?.addEventListener('abort', giveUp);
  const isReady = await answers(`${url}${readyPath ?? '/healthz'}`, over.signal);
  signal?.removeEventListener('abort', giveUp);
  if (isReady) return { url, pid: group.pid, ended: group.ended, stop: group.end };
  await group.end();
  signal?.throwIfAborted();
  throw new Error(`wrangler dev did not start; see ${logFile}`);
}

async function answers(url: string, over: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!over.aborted && Date.now() < deadline) {
    const response = await fetch(url, { signal: over }).catch(() => undefined);
    if (response !== undefined) return true;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  return false;
}
