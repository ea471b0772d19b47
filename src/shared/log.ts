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

const MOST_CHARACTERS = 512;
/** What may follow the capability of a boot URL, and tells nothing. */
const TOLD = ['ignition', 'cloud-config', 'ipxe'];
/** How often a path is decoded: nobody routes what is escaped more often. */
const DECODED_TIMES = 3;

/**
 * Returns at most 512 characters of a path, without the capability of a boot URL, however it is spelt: no log may contain
 * one. All that follows a segment `boot` is hidden, and so is each segment that looks like a capability. Linear in time.
 */
export function redactPath(path: string): string {
  const start = path.slice(0, MOST_CHARACTERS * 4);
  const plain = decoded(start);
  const segments = plain.split(/[/\\;?#]/);
  const boot = segments.findIndex((segment) => segment.trim().toLowerCase() === 'boot');
  if (boot < 0) {
    const hidesOne = segments.some(looksSecret);
    return (hidesOne ? segments.map((segment) => (looksSecret(segment) ? '-' : segment)).join('/') : start).slice(
      0,
      MOST_CHARACTERS,
    );
  }
  const last = segments.at(-1) ?? '';
  const told = segments.length > boot + 2 && TOLD.includes(last) ? `/${last}` : '';
  const before = segments.slice(0, boot).map((segment) => (looksSecret(segment) ? '-' : segment));
  const rest = segments.length > boot + 1 ? `/-${told}` : '';
  return `${[...before, 'boot'].join('/').slice(0, MOST_CHARACTERS)}${rest}`;
}

/** A capability has four dots, and ends with 43 digits of base64url. No name of a release's file has both. */
function looksSecret(segment: string): boolean {
  const pieces = segment.split('.');
  return pieces.length >= 5 && (pieces.at(-1)?.length ?? 0) >= 20;
}

/** Undoes percent-encoding, also a repeated one, and also where an escape is not UTF-8. */
function decoded(path: string): string {
  let text = path;
  for (let times = 0; times < DECODED_TIMES && text.includes('%'); times += 1) {
    text = text.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return text;
}
