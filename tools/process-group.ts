/** A command in a process group of its own, so that ending it ends whatever it has started, and whatever that has started. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface ProcessGroup {
  readonly pid: number;
  /** Resolves with the exit code when the command has ended by itself or was ended, and no process of the group is left. */
  readonly ended: Promise<number | null>;
  end(): Promise<void>;
}

const POLITE_MS = 5_000;
const GONE_WITHIN_MS = 2_000;
const preload = pathToFileURL(join(import.meta.dirname, 'end-with-starter.mjs')).href;

/** Runs a script under this Node, in its own group: Ctrl-C reaches us alone, and we end it in order. */
export function startGroup(script: string, args: readonly string[], options: SpawnOptions): ProcessGroup {
  const child = spawn(process.execPath, ['--import', preload, script, ...args], {
    ...options,
    detached: true,
    env: { ...process.env, ...options.env, STARTER_PID: String(process.pid) },
  });
  const pid = child.pid ?? 0;
  const signal = (name: NodeJS.Signals | 0): boolean => {
    try {
      return pid > 0 && process.kill(-pid, name);
    } catch {
      // Nobody is left.
      return false;
    }
  };
  // A fault ends this process without a word to the group.
  const kill = () => signal('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', (code) => resolve(code));
  }).then(async (code) => {
    const deadline = Date.now() + GONE_WITHIN_MS;
    for (kill(); signal(0) && Date.now() < deadline; ) await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('exit', kill);
    return code;
  });
  const end = async () => {
    signal('SIGINT');
    const timer = setTimeout(kill, POLITE_MS);
    await ended;
    clearTimeout(timer);
  };
  return { pid, ended, end };
}

/** Calls `stop` at Ctrl-C, and when the terminal or whoever supervises us wants an end. Comes before anything is started. */
export function whenTold(stop: (signal: NodeJS.Signals) => void): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop);
}
