/**
 * The Workers of the benchmark, each in a local runtime of its own: no inspector and no dev server stand between, and what they log goes
 * to a pipe.
 */
import { join } from 'node:path';
import { buildWorker } from '../edge-runtime/build.ts';
import { type EdgeRuntime, startRuntime } from '../edge-runtime/start.ts';
import { freePort } from '../wrangler-dev.ts';

export interface Runtime {
  readonly url: string;
  /** The process group. */
  readonly pid: number;
  /** Changes what R2 holds behind the Worker's back. */
  readonly changeObject: EdgeRuntime['changeObject'];
  stop(): Promise<void>;
}

const CONFIGS = {
  edge: 'wrangler.toml',
  bare: 'tools/bench/wrangler.toml',
  render2: 'tools/bench/render2.toml',
} as const;

interface Wish {
  readonly vars?: Readonly<Record<string, string>>;
  /** Where R2 and KV are kept; a folder of its own below that of the benchmark unless told. */
  readonly state?: string;
}

/** Starts Workers, each of which is built once. */
export class Runtimes {
  readonly folder: string;
  readonly #root: string;
  readonly #built = new Map<string, Promise<string>>();
  #count = 0;

  /** `folder` is one that may be filled, `root` that of the project. */
  constructor(folder: string, root: string) {
    this.folder = folder;
    this.#root = root;
  }

  /** Returns a runtime that answers. */
  async start(name: keyof typeof CONFIGS, { vars = {}, state }: Wish = {}): Promise<Runtime> {
    const own = join(this.folder, `${name}-${this.#count}`);
    this.#count += 1;
    const worker =
      this.#built.get(name) ?? buildWorker(join(this.folder, `built-${name}`), join(this.#root, CONFIGS[name]));
    this.#built.set(name, worker);
    const port = await freePort();
    const order = { worker: await worker, port, vars, persistTo: state ?? join(own, 'state') };
    const runtime = await startRuntime({ ...order, logFile: join(own, 'log') });
    const { pid, changeObject } = runtime;
    return { url: `http://127.0.0.1:${port}`, pid, changeObject, stop: () => runtime.kill() };
  }
}
