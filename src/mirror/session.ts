/**
 * The connection between an attempt and its job record. It writes heartbeats while a step runs, notices when the job is
 * cancelled or taken over by another attempt, and stores the progress of each file (at most every 2 s).
 */
import { type Document, update } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { ok, type Result } from '../shared/result.ts';
import { Slots } from '../shared/slots.ts';
import type { CopyFault } from './copy/copy-fault.ts';
import type { CopyWatcher } from './copy/sink.ts';
import type { MirrorStore, Release } from './store/bucket.ts';
import { type FileStatus, type FileTry, isActive, type Job } from './store/job.ts';
import { triesOf, withTry } from './store/tries.ts';

const HEARTBEAT_MS = 10_000;
const WRITE_AGAIN_MS = 2_000;

export class JobSession {
  #steps = 0;
  #isBeating = false;
  #isOurs = true;
  readonly #document: Document<Job>;
  /** The tries at each file that have ended, as far as this run knows them. */
  readonly #tries = new Map<string, readonly FileTry[]>();
  /**
   * Lets one status write run at a time. A Worker may hold six connections: two downloads and three uploads use five.
   */
  readonly #statusSlot = new Slots(1);

  constructor(
    private readonly platform: Platform,
    private readonly store: MirrorStore,
    readonly release: Release,
    readonly attempt: number,
  ) {
    this.#document = store.job(release);
  }

  isOurs = (): boolean => this.#isOurs;

  /** Changes the job record and returns it, or `undefined` when the job is cancelled or belongs to another attempt. */
  async change(change: (job: Job) => Job): Promise<Result<Job | undefined, CopyFault>> {
    const changed = await this.#statusSlot.run(() =>
      update(this.platform, this.#document, (job) => (this.#holds(job) ? change(job) : undefined)),
    );
    if (!changed.ok) return changed;
    const job = changed.value;
    const isHeld = job !== undefined && job.attempt === this.attempt && job.state !== 'cancelled';
    this.#isOurs = isHeld;
    return ok(isHeld ? job : undefined);
  }

  /** Runs a step, with heartbeats until it ends. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#steps += 1;
    void this.#beat().catch(this.#tellBug);
    try {
      return await work();
    } finally {
      this.#steps -= 1;
    }
  }

  /** Tells what was last recorded of a file, so that its log goes on, and nobody has to read it again. */
  remember(name: string, status: FileStatus | undefined): void {
    this.#tries.set(name, triesOf(status));
  }

  /** Returns a watcher that stores the progress of the file `name`. It skips progress that follows too soon. */
  watch(name: string): CopyWatcher & {
    finish(status: Partial<FileStatus> & Pick<FileStatus, 'state'>): Promise<Result<undefined, CopyFault>>;
  } {
    const startedAt = this.#now();
    let uploadingSince = Number.POSITIVE_INFINITY;
    let size = 0;
    let copied = 0;
    let lastWrite = Number.NEGATIVE_INFINITY;
    let writing: Promise<unknown> | undefined;
    const write = (status: Partial<FileStatus> & Pick<FileStatus, 'state' | 'bytes'>) => {
      lastWrite = this.platform.now();
      const whole = { name, attempt: this.attempt, size, startedAt, heartbeatAt: this.#now(), ...status };
      return this.#statusSlot.run(async () => {
        const tries = await this.#triesWith({ ...whole, bytes: Math.max(whole.bytes, copied) });
        return await this.store.writeFileStatus(
          this.release,
          tries.length === 0 ? whole : { ...whole, tries: [...tries] },
        );
      });
    };
    return {
      isOurs: this.isOurs,
      uploadStarted: async (upload) => {
        uploadingSince = this.platform.now();
        return await this.#statusSlot.run(() => this.store.writeUpload(this.release, name, upload));
      },
      progress: (bytes, total) => {
        size = total;
        copied = bytes;
        const isDue = this.platform.now() - Math.max(lastWrite, uploadingSince) >= WRITE_AGAIN_MS;
        if (!isDue || writing !== undefined || bytes === total) return;
        writing = write({ state: 'copying', bytes })
          .catch(this.#tellBug)
          .finally(() => {
            writing = undefined;
          });
      },
      finish: async (status) => {
        await writing;
        const wait = lastWrite + WRITE_AGAIN_MS - this.platform.now();
        if (wait > 0) await this.platform.timer(wait).elapsed;
        return await write({ bytes: 0, ...status });
      },
    };
  }

  /** Returns the tries of a file that have ended, with this one once it has. A log that cannot be read stops nothing. */
  async #triesWith({ name, attempt, state, bytes, reason, detail, ...at }: FileStatus): Promise<readonly FileTry[]> {
    let tries = this.#tries.get(name);
    if (tries === undefined) {
      const before = await this.store.fileStatus(this.release, name);
      tries = before.ok ? triesOf(before.value) : [];
    }
    if (state !== 'copying' && state !== 'waiting') {
      const { startedAt = at.heartbeatAt, heartbeatAt: endedAt } = at;
      const why = { ...(reason === undefined ? {} : { reason }), ...(detail === undefined ? {} : { detail }) };
      tries = withTry(tries, { attempt, startedAt, endedAt, state, bytes, ...why });
    }
    this.#tries.set(name, tries);
    return tries;
  }

  async #beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    try {
      while (this.#steps > 0 && this.#isOurs) {
        await this.platform.timer(HEARTBEAT_MS).elapsed;
        if (this.#steps > 0) await this.change((job) => ({ ...job, heartbeatAt: this.#now() })).catch(this.#tellBug);
      }
    } finally {
      this.#isBeating = false;
    }
  }

  /** Nobody awaits a heartbeat or a progress write, so a bug in one goes to `waitUntil`, which reports it. */
  readonly #tellBug = (cause: unknown): void => this.platform.waitUntil(Promise.reject(cause));

  #holds(job: Job | undefined): job is Job {
    return job !== undefined && job.attempt === this.attempt && isActive(job);
  }

  #now(): string {
    return new Date(this.platform.now()).toISOString();
  }
}
