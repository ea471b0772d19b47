/** Starts and kills local runtimes of a built Worker. */
import { fork } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isPortFree } from '../wrangler-dev.ts';
import type { Answer, ObjectChange, Order } from './serve.ts';

export interface RuntimeOptions extends Order {
  readonly logFile: string;
}

export interface EdgeRuntime {
  /** Changes what R2 holds behind the Worker's back. */
  changeObject(change: ObjectChange): Promise<void>;
  /** SIGKILL to every process of the runtime: what it keeps on disk is as a power cut would leave it. */
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
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ask = async (message: Order | ObjectChange): Promise<void> => {
    const answered = new Promise<Answer>((resolve) => child.once('message', (answer) => resolve(answer as Answer)));
    child.send(message);
    const answer = await Promise.race([answered, ended.then((): Answer => ({ fault: 'the runtime has ended' }))]);
    if ('fault' in answer) throw new Error(`${answer.fault}; see ${logFile}`);
  };
  const kill = async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL');
    await ended;
    // workerd may take a moment longer than its parent.
    while (!(await isPortFree(order.port))) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  try {
    await ask(order);
  } catch (cause) {
    await kill();
    throw cause;
  }
  return { changeObject: ask, kill };
}
