/** Starts and kills local runtimes of a built Worker. */
import { fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isPortFree } from '../wrangler-dev.ts';

export interface Order {
  /** What `buildWorker` answered. */
  readonly worker: string;
  readonly port: number;
  readonly vars: Readonly<Record<string, string>>;
  /** Where R2, KV and Workflows are kept. */
  readonly persistTo: string;
}

/** Merges `change` into the JSON object at `key` of an R2 binding. */
export interface ObjectChange {
  readonly bucket: string;
  readonly key: string;
  readonly change: Readonly<Record<string, unknown>>;
}

/** What the parent is told after each of its messages; a fault is a sentence. */
export type Answer = { readonly done: true } | { readonly fault: string };

export interface RuntimeOptions extends Order {
  readonly logFile: string;
}

export interface EdgeRuntime {
  /** The process group of the runtime. */
  readonly pid: number;
  /** Changes what R2 holds behind the Worker's back. */
  changeObject(change: ObjectChange): Promise<void>;
  /** SIGKILL to every process of the runtime: what it keeps on disk is as a crash would leave it. */
  kill(): Promise<void>;
}

/** A runtime that listens on its port of the loopback interface already. */
export async function startRuntime({ logFile, ...order }: RuntimeOptions): Promise<EdgeRuntime> {
  const temporary = join(dirname(logFile), 'tmp');
  mkdirSync(temporary, { recursive: true });
  const log = openSync(logFile, 'a');
  const child = fork(join(import.meta.dirname, 'serve.ts'), {
    execArgv: [],
    stdio: ['ignore', log, log, 'ipc'],
    // A process group of its own, so that workerd is killed along with it.
    detached: true,
    // A killed runtime leaves its temporary files where the caller clears them away.
    env: { ...process.env, TMPDIR: temporary },
  });
  closeSync(log);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ask = async (message: Order | ObjectChange): Promise<void> => {
    const answered = new Promise<Answer>((resolve) => child.once('message', (answer) => resolve(answer as Answer)));
    child.send(message);
    const answer = await Promise.race([answered, ended.then((): Answer => ({ fault: 'the runtime has ended' }))]);
    if ('fault' in answer) throw new Error(`${answer.fault}; see ${logFile}`);
  };
  const end = async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL');
    await ended;
  };
  try {
    await ask(order);
  } catch (cause) {
    await end();
    throw cause;
  }
  return {
    pid: child.pid ?? 0,
    changeObject: ask,
    kill: async () => {
      await end();
      // workerd may take a moment longer than its parent.
      while (!(await isPortFree(order.port))) await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };
}
