/** Strikes one call that a mirror run makes to a store, to upstream or to the Workflow; everything else goes through. */
import type { Platform } from '../../src/shared/platform.ts';
import { type Break, brokenBody, withBrokenBody } from '../support/broken-body.ts';
import type { PlayedWorkflow } from '../support/edge.ts';

/** What may become of a call. */
export const KINDS = {
  fail: 'nothing is done, and an error says so',
  hang: 'nothing is done, and nothing is ever said',
  cut: 'it is done, but its answer is lost, or breaks off half way',
  slow: 'it is done long after everybody has given it up; a body stops half way for good',
  restart: 'it is done, but the isolate that asked is gone',
  raced: 'somebody else has written the object a moment before',
} as const;

export type Kind = keyof typeof KINDS;

export interface Strike {
  readonly kind: Kind;
  /** The call to strike, by its number (from 1) or its name; the first that fits is the only one. */
  readonly fits: (number: number, call: string) => boolean;
}

/** Whether a call can be struck so. */
export const canStrike = (kind: Kind, call: string): boolean => kind !== 'raced' || call.startsWith(COMPARE_AND_SET);

/** Longer than anybody waits for a store or a network. */
const LATE_MS = 300_000;

/** What a put under a condition is called here: R2 itself knows no other name for it than for any put. */
const COMPARE_AND_SET = 'compare-and-set';

/** As R2 says that it failed. */
const failed = (call: string): Error =>
  new Error(
    `${call.split(' ')[0]?.replace(COMPARE_AND_SET, 'put')}: We encountered an internal error. Please try again. (10001)`,
  );

/** Done late, it changes nothing. */
const isRead = (call: string): boolean => /^(get|head|list|GET|HEAD) /.test(call);

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** What can be made of an answer that has a body; `undefined` where it has none. */
type BreakAnswer<T> = (answer: T, how: Break) => T | undefined;

export class FaultInjector {
  /** Every call so far, in its order. */
  readonly calls: string[] = [];
  struck: string | undefined;
  /** What was done late, if anything. */
  late: Promise<unknown> = Promise.resolve();
  /** Resolves when the isolate is gone. */
  readonly gone: Promise<void>;
  isGone = false;
  /** Uploads that were begun, whoever has heard of them. */
  readonly uploads: { readonly key: string; readonly id: string }[] = [];
  readonly #underWay = new Set<Promise<unknown>>();
  /** Overtakes the compare-and-set that has just been asked for. */
  #race: () => Promise<unknown> = async () => undefined;
  #tellGone: () => void = () => undefined;

  constructor(
    private readonly strike: Strike,
    private readonly worldTimer: Platform['timer'],
  ) {
    this.gone = new Promise((resolve) => {
      this.#tellGone = resolve;
    });
  }

  /** Until nothing that the lost isolate has begun touches the stores any more. */
  async quiet(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** A timer of the isolate: once that is gone, nothing of it goes on. */
  readonly timer: Platform['timer'] = (milliseconds) => {
    const { elapsed, cancel } = this.worldTimer(milliseconds);
    return { elapsed: elapsed.then(() => (this.isGone ? never() : undefined)), cancel };
  };

  fetch =
    (real: Platform['fetch']): Platform['fetch'] =>
    (request) =>
      this.#call(
        `${request.method} ${new URL(request.url).pathname}`,
        () => real(request),
        (response, how) =>
          response.body === null ? undefined : new Response(brokenBody(response.body, how), response),
      );

  workflow = (real: PlayedWorkflow): PlayedWorkflow => this.#wrap(real, (name) => `${name} instance`);

  /** The bucket, with the uploads that it gives out. */
  bucket = (real: R2Bucket): R2Bucket =>
    this.#wrap(real, (name, [key, value, options]) => {
      const isConditional = name === 'put' && (options as R2PutOptions | undefined)?.onlyIf !== undefined;
      if (isConditional) this.#race = () => race(real, String(key), String(value));
      return `${isConditional ? COMPARE_AND_SET : name} ${typeof key === 'string' ? key : JSON.stringify(key)}`;
    });

  #upload(upload: R2MultipartUpload): R2MultipartUpload {
    return this.#wrap(upload, (name, [part]) => `${name} ${upload.key}${typeof part === 'number' ? ` ${part}` : ''}`);
  }

  #wrap<T extends object>(real: T, nameOf: (method: string, parameters: unknown[]) => string): T {
    return new Proxy(real, {
      get: (target, method) => {
        const member: unknown = Reflect.get(target, method);
        if (typeof member !== 'function') return member;
        return (...parameters: unknown[]) => {
          const work = () => member.apply(target, parameters) as unknown;
          // This one asks nobody: it only makes an object.
          if (method === 'resumeMultipartUpload') return this.#upload(work() as R2MultipartUpload);
          // The keys of audit entries are random; the table of calls must be the same in each run.
          const call = nameOf(String(method), parameters).replace(/^(put audit\/).*/, '$1…');
          if (method !== 'createMultipartUpload') return this.#call(call, async () => await work(), withBrokenBody);
          const begin = async () => {
            const upload = (await work()) as R2MultipartUpload;
            this.uploads.push({ key: upload.key, id: upload.uploadId });
            return upload;
          };
          return this.#call(call, begin, () => undefined).then((upload) => this.#upload(upload));
        };
      },
    });
  }

  async #call<T>(call: string, work: () => Promise<T>, breakAnswer: BreakAnswer<T>): Promise<T> {
    if (this.isGone) return await never<T>();
    this.calls.push(call);
    if (this.struck !== undefined || !this.strike.fits(this.calls.length, call)) return await this.#undisturbed(work);
    this.struck = call;
    const { kind } = this.strike;
    if (kind === 'fail') throw failed(call);
    if (kind === 'hang') return await never<T>();
    if (kind === 'slow' && !isRead(call)) {
      this.late = this.worldTimer(LATE_MS)
        .elapsed.then(work)
        .catch(() => undefined);
      return await never<T>();
    }
    if (kind === 'raced') await this.#race();
    const answer = await work();
    if (kind === 'raced') return answer;
    if (kind === 'restart') {
      this.isGone = true;
      this.#tellGone();
      return await never<T>();
    }
    const begun = breakAnswer(answer, kind === 'cut' ? 'cut' : 'stall');
    if (begun !== undefined) return begun;
    if (kind === 'slow') return await never<T>();
    throw failed(call);
  }

  /** What was under way when the isolate went is done, but nobody hears of it. */
  async #undisturbed<T>(work: () => Promise<T>): Promise<T> {
    const done = work();
    const mark = done.catch(() => undefined);
    this.#underWay.add(mark);
    try {
      const answer = await done;
      return this.isGone ? await never<T>() : answer;
    } finally {
      this.#underWay.delete(mark);
    }
  }
}

/**
 * Another writer's version of an object that is about to be written: as it was, written anew; or the first one, as somebody leaves it
 * who does not know of the release.
 */
async function race(bucket: R2Bucket, key: string, ours: string): Promise<void> {
  const before = await bucket.get(key);
  const text = before === null ? firstOf(key, ours) : await before.text();
  await bucket.put(key, `${text} `);
}

function firstOf(key: string, ours: string): string {
  if (key.startsWith('alias/')) return JSON.stringify({ ...JSON.parse(ours), version: null });
  if (key.startsWith('index/')) return JSON.stringify({ ...JSON.parse(ours), releases: [] });
  if (key === 'releases.json') return JSON.stringify({ ...JSON.parse(ours), channels: {} });
  return ours;
}
