/** Asks the engines, which run in a worker of the page. I/O: the worker. */
import type { Completion, Report, ReportQuery } from './report.ts';

export type Asked = { readonly id: number } & (
  | { readonly what: 'report'; readonly query: ReportQuery }
  | { readonly what: 'completions'; readonly text: string; readonly offset: number }
);

export interface Answer {
  readonly id: number;
  readonly value: Report | readonly Completion[];
}

type Listener = (value: Answer['value'] | undefined) => void;

let worker: Worker | undefined;
let lastId = 0;
const waiting = new Map<number, Listener>();

/** The worker is started with the first question. A worker that fails answers everybody with nothing, and the next question starts a new one. */
function started(): Worker {
  if (worker !== undefined) return worker;
  const made = new Worker('/assets/engine.js', { type: 'module' });
  made.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
    waiting.get(data.id)?.(data.value);
    waiting.delete(data.id);
  });
  made.addEventListener('error', () => {
    made.terminate();
    worker = undefined;
    for (const listener of waiting.values()) listener(undefined);
    waiting.clear();
  });
  worker = made;
  return made;
}

type Question = Asked extends infer Each ? (Each extends Asked ? Omit<Each, 'id'> : never) : never;

const ask = (question: Question): Promise<Answer['value'] | undefined> =>
  new Promise((resolve) => {
    lastId += 1;
    waiting.set(lastId, resolve);
    started().postMessage({ ...question, id: lastId });
  });

/** Returns the report on a text, or `undefined` where this browser cannot run the engines: the service still checks every write. */
export const reportOf = async (query: ReportQuery): Promise<Report | undefined> =>
  (await ask({ what: 'report', query })) as Report | undefined;

/** Returns the fields that may stand at `offset` of a text. */
export const completionsOf = async (text: string, offset: number): Promise<readonly Completion[]> =>
  ((await ask({ what: 'completions', text, offset })) ?? []) as readonly Completion[];
