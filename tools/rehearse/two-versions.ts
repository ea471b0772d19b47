/** Two versions of the Worker in one local runtime, over one R2 bucket and one KV namespace: as while a deployment goes round the world. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Miniflare, type V4WorkerOptions } from 'miniflare';
import { buildWorker } from '../edge-runtime/build.ts';

export interface Version {
  /** Asks this version, whose bindings are those of the other one. */
  ask(path: string, init?: RequestInit): Promise<Response>;
}

export interface TwoVersions {
  readonly older: Version;
  readonly newer: Version;
  stop(): Promise<void>;
}

interface Wish {
  /** The root of the project, which is a clone with its history. */
  readonly root: string;
  /** An empty folder. */
  readonly folder: string;
  /** The commit of the older version. */
  readonly commit: string;
  /** Of both. */
  readonly vars: Readonly<Record<string, string>>;
}

interface Fetches {
  fetch(url: string, init?: RequestInit): Promise<Response>;
}

/** Fills an empty folder with the files of a commit and with the packages that are installed here. */
export function unpackVersion(root: string, commit: string, folder: string): void {
  const archive = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 1 << 29 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}

/** Builds both and starts them. Each has Workflows of its own; all that is stored is shared. */
export async function startTwoVersions({ root, folder, commit, vars }: Wish): Promise<TwoVersions> {
  const before = join(folder, 'before');
  mkdirSync(before);
  unpackVersion(root, commit, before);
  const built = {
    older: await buildWorker(join(folder, 'built-older'), join(before, 'wrangler.toml'), before),
    newer: await buildWorker(join(folder, 'built-newer')),
  };
  const optionsOf = (name: keyof typeof built): V4WorkerOptions => {
    const options = JSON.parse(readFileSync(built[name], 'utf8')) as V4WorkerOptions & {
      workflows?: Record<string, { name: string }>;
    };
    const workflows = Object.fromEntries(
      Object.entries(options.workflows ?? {}).map(([binding, one]) => [
        binding,
        { ...one, name: `${name}-${one.name}` },
      ]),
    );
    return { ...options, name, workflows, bindings: { ...options.bindings, ...vars } } as V4WorkerOptions;
  };
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      workers: [optionsOf('newer'), optionsOf('older')],
      ...{ host: '127.0.0.1', port: 0, resourcePersistencePath: join(folder, 'state'), cf: false },
      // A line a request of either: only what is said at the end is for people.
      handleStructuredLogs: () => undefined,
    }),
  );
  await runtime.ready;
  const version = async (name: string): Promise<Version> => {
    // Its own types are those of its own copy of the Fetch standard.
    const worker = (await runtime.getWorker(name)) as unknown as Fetches;
    return { ask: (path, init) => worker.fetch(`http://edge.example${path}`, init) };
  };
  return { older: await version('older'), newer: await version('newer'), stop: () => runtime.dispose() };
}
