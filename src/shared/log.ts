/** One log event for each request. Code adds fields to it on the way, and it is written once, as a line of JSON. */

import { stackOf } from './cause.ts';

export type LogValue = string | number | boolean | null | undefined;

export interface LogEvent {
  /** Adds fields; a later value replaces an earlier one. */
  set(fields: Readonly<Record<string, LogValue>>): void;
  /** Delays the event until `work` has settled: a body that is still being sent can change the outcome. */
  waitFor(work: Promise<unknown>): void;
}

export type LogSink = (line: string) => void;

/** Collects the fields of one event. */
export class WideEvent implements LogEvent {
  readonly #fields: Record<string, LogValue> = {};
  readonly #pending: Promise<unknown>[] = [];

  set(fields: Readonly<Record<string, LogValue>>): void {
    Object.assign(this.#fields, fields);
  }

  waitFor(work: Promise<unknown>): void {
    this.#pending.push(work);
  }

  /** Waits until all work of the event has settled. Returns all fields and the duration in `milliseconds`. */
  async finish(now: () => number, started: number): Promise<Readonly<Record<string, LogValue>>> {
    const ended = await Promise.allSettled(this.#pending);
    // Nobody else hears of a rejection here, so it is told as what it is: a bug.
    const rejected = ended.find((outcome) => outcome.status === 'rejected');
    const bug = rejected === undefined ? {} : { bug: stackOf(rejected.reason) };
    return { ...this.#fields, ...bug, milliseconds: now() - started };
  }
}
