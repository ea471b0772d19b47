/** The built Worker in the local runtime, in front of a real release server, for tests with real clients. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PrivateKey } from 'openpgp';
import { inject } from 'vitest';
import { startRuntime } from '../../tools/edge-runtime/start.ts';
import { makeRelease, type ReleasePlan } from '../../tools/release-server/release.ts';
import { startUpstream } from '../../tools/release-server/server.ts';
import { fingerprint, makeSigningKey, publicKeyText } from '../../tools/release-server/signing-key.ts';
import type { Tenant } from '../../tools/release-server/tenant.ts';
import { freePort } from '../../tools/wrangler-dev.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** What `buildWorker` answered. */
    worker: string;
  }
}

export interface RunningEdge {
  readonly url: string;
  readonly upstream: Tenant;
  /** Where the release server has this edge's files. */
  readonly upstreamUrl: string;
  readonly key: PrivateKey;
  /** An empty folder that goes away with the edge. */
  readonly folder: string;
  /** Puts a signed release of stable/amd64-usr upstream. */
  release(version: string, files: ReleasePlan['files'], isCurrent?: boolean): Promise<void>;
  stop(): Promise<void>;
  /** SIGKILL to the whole local runtime, and a new one on the same state and port. */
  killAndRestart(): Promise<void>;
  /** Merges `change` into a JSON object of R2, behind the Worker's back. */
  changeStored(key: string, change: Readonly<Record<string, unknown>>): Promise<void>;
  /** A call with the operator token. */
  api(path: string, init?: RequestInit): Promise<Response>;
  /** Waits until the job of a release has ended, and gives it. */
  ended(version: string): Promise<JobAnswer>;
}

export interface JobAnswer {
  readonly state: string;
  readonly attempt: number;
  readonly reason?: string;
  readonly files: readonly {
    readonly name: string;
    readonly state: string;
    readonly bytes: number;
    readonly rate?: number;
  }[];
}

export const OPERATOR_TOKEN = 'operator-token-of-at-least-32-bytes';

type Vars = Readonly<Record<string, string>>;

/** `given` may depend on where the upstream is, and on the fingerprint of its key; `at` is the port, where somebody has to know it before. */
export async function runEdge(
  given: Vars | ((upstreamUrl: string, fingerprint: string) => Vars) = {},
  at?: number,
): Promise<RunningEdge> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-'));
  const server = await startUpstream();
  const upstream = server.tenant('t');
  const key = await makeSigningKey();
  upstream.put('key.asc', Buffer.from(publicKeyText(key)));
  const port = at ?? (await freePort());
  const vars = typeof given === 'function' ? given(`${server.url}/t`, fingerprint(key)) : given;
  const options = {
    worker: inject('worker'),
    port,
    vars: {
      UPSTREAM_URL: `${server.url}/t/{channel}/{board}/{version}/{file}`,
      SIGNING_KEY_URL: `${server.url}/t/key.asc`,
      SIGNING_KEY_FINGERPRINTS: fingerprint(key),
      OPERATOR_TOKEN,
      UPDATE_URL: `${server.url}/t/update/{board}/{version}/{file}`,
      ...vars,
    },
    persistTo: join(folder, 'state'),
    logFile: join(folder, 'runtime.log'),
  };
  let runtime = await startRuntime(options);
  const url = `http://127.0.0.1:${port}`;
  const api = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, ...init.headers } });
  return {
    url,
    upstream,
    upstreamUrl: `${server.url}/t`,
    key,
    folder,
    release: async (version, files, isCurrent = true) => {
      for (const [name, bytes] of await makeRelease({ version, files, key })) {
        upstream.put(`stable/amd64-usr/${version}/${name}`, bytes);
      }
      if (isCurrent) upstream.aliases.set('stable/amd64-usr/current', version);
    },
    api,
    ended: async (version) => {
      for (;;) {
        const job = (await (await api(`/api/mirrors/stable/amd64-usr/${version}`)).json()) as JobAnswer;
        if (job.state !== 'queued' && job.state !== 'running') return job;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
    killAndRestart: async () => {
      await runtime.kill();
      runtime = await startRuntime(options);
    },
    changeStored: (key, change) => runtime.changeObject({ bucket: 'RELEASES', key, change }),
    stop: async () => {
      await runtime.kill();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface ClientRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a client to its end; a failure is a result. */
export function runClient(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<ClientRun> {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, LC_ALL: 'C', ...env }, maxBuffer: 64 * 1024 * 1024 };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}
