/** One wide event a request: fields are gathered on the way and written once, as a line of JSON. */

export type LogValue = string | number | boolean | null | undefined;

export interface LogEvent {
  /** Adds fields; a later value replaces an earlier one. */
  set(fields: Readonly<Record<string, LogValue>>): void;
  /** The event is written only once this has settled: a body that is still on its way can change the outcome. */
  waitFor(work: Promise<unknown>): void;
}

export type LogSink = (line: string) => void;

/** Collects one event; it is finished once everything it waits for has settled. */
export class WideEvent implements LogEvent {
  readonly #fields: Record<string, LogValue> = {};
  readonly #pending: Promise<unknown>[] = [];

  set(fields: Readonly<Record<string, LogValue>>): void {
    Object.assign(this.#fields, fields);
  }

  waitFor(work: Promise<unknown>): void {
    this.#pending.push(work);
  }

  /** All fields, with how long it took. */
  async finish(now: () => number, started: number): Promise<Readonly<Record<string, LogValue>>> {
    await Promise.allSettled(this.#pending);
    return { ...this.#fields, milliseconds: now() - started };
  }
}

/** A boot URL carries a capability: it must not reach a log. */
export function redactPath(path: string): string {
  return path.replace(/boot(\/+\.?)+[^/]+/gi, 'boot/-').slice(0, 512);
}
