/**
 * Runs one attempt to mirror a release as the steps of a Workflow: resolve, plan, one step for each file (two at a
 * time), publish. Every step may run again. The Workflow stores what a step returns, so results must be small.
 */
import type { ManifestFile } from '../releases/store/manifest.ts';
import type { VersionSource } from '../releases/upstream/version-source.ts';
import { parseVersionTxt } from '../releases/upstream/version-txt.ts';
import { stackOf } from '../shared/cause.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { Slots } from '../shared/slots.ts';
import { isCompromised } from '../signing/signer.ts';
import type { CopyPorts } from './copy/companions.ts';
import { type CopyFault, copyDetail, isFinal } from './copy/copy-fault.ts';
import { copyFile } from './copy/copy-file.ts';
import { isForeignPayload } from './copy/foreign-payload.ts';
import { type Failure, type FileOutcome, refuseForeignPayloads, whyNotPublished } from './copy/outcome.ts';
import { abandonUpload, type PlannedFile, type PlanPorts, planFiles } from './plan.ts';
import type { Publisher } from './publish.ts';
import { JobSession } from './session.ts';
import type { Release } from './store/bucket.ts';
import { builtAt } from './store/job.ts';
import { releaseFailed } from './told/events.ts';
import { startUnpack, type UnpackRunPorts } from './unpack/run-unpack.ts';

/** `step.do` of a Workflow. It retries `work` when that throws, and stores the value that it returns. */
export type DoStep = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** An event for the log: a step is retried, a file is refused for good, or the attempt has ended. */
export interface RunEvent {
  readonly step?: string;
  readonly file?: string;
  readonly state: 'retrying' | 'failed' | 'complete' | 'lost';
  readonly reason?: string;
  /** The reason in words. */
  readonly detail?: string;
  /** The fault itself, whose `cause` the log shows. */
  readonly fault?: object;
  /** The stack of an exception, which is a bug of this software. */
  readonly bug?: string;
}

export interface MirrorPorts extends Omit<CopyPorts, 'slots'>, PlanPorts {
  readonly versions: VersionSource;
  readonly publisher: Publisher;
  readonly tell: (release: Release, attempt: number, event: RunEvent) => void;
  /** What makes files for import tools of a release that is published. */
  readonly unpack: UnpackRunPorts;
}

const PARTS_IN_FLIGHT = 3;
const FILES_AT_ONCE = 2;

/** The names of the steps. The dashboard of the Workflow shows them, and it stores results under them. */
export const STEPS = {
  resolve: 'resolve',
  plan: 'plan',
  copy: (file: string) => `copy ${file}`,
  publish: 'publish',
  fail: 'fail',
} as const;

/**
 * Runs an attempt to its end, writes the end into the job record, and returns it: `complete`, `failed`, or `lost` when
 * the job was cancelled or taken over by another attempt.
 */
export async function runJob(
  ports: MirrorPorts,
  release: Release,
  attempt: number,
  doStep: DoStep,
): Promise<Ended['state']> {
  const session = new JobSession(ports.platform, ports.store, release, attempt);
  return await new Attempt(ports, session, doStep).run();
}

type Ended = { readonly state: 'complete' } | ({ readonly state: 'failed' } & Failure) | { readonly state: 'lost' };
type StepResult<T> = ({ readonly state: 'ready' } & T) | Exclude<Ended, { state: 'complete' }>;

class Attempt {
  readonly #copyPorts: CopyPorts;

  constructor(
    private readonly ports: MirrorPorts,
    private readonly session: JobSession,
    private readonly doStep: DoStep,
  ) {
    this.#copyPorts = { ...ports, slots: new Slots(PARTS_IN_FLIGHT) };
  }

  async run(): Promise<Ended['state']> {
    const resolved = await this.#step(STEPS.resolve, () => this.#resolve());
    if (resolved.state !== 'ready') return await this.#fail(resolved, new Map());
    const planned = await this.#step(STEPS.plan, async () => {
      const files = await planFiles(this.ports, this.session, resolved.wanted);
      return files.ok ? ok({ files: files.value }) : files;
    });
    if (planned.state !== 'ready') return await this.#fail(planned, new Map());
    const outcomes = new Map<string, FileOutcome>();
    const queue = [...planned.files];
    const lane = async () => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        outcomes.set(file.name, await this.#copyPlanned(file, resolved.builtAt));
      }
    };
    await Promise.all(Array.from({ length: FILES_AT_ONCE }, lane));
    refuseForeignPayloads(outcomes);
    const obstacle = whyNotPublished(outcomes);
    if (obstacle !== undefined) return await this.#fail(obstacle, outcomes);
    const published = await this.#step(STEPS.publish, () => this.#publish(outcomes));
    if (published.state !== 'ready') return await this.#fail(published, outcomes);
    this.#tell({ state: 'complete' });
    return 'complete';
  }

  /** Runs a step. A fault that may pass is thrown, so that the Workflow retries the step; a final one is returned. */
  async #step<T extends object>(name: string, work: () => Promise<Result<T, CopyFault>>): Promise<StepResult<T>> {
    try {
      return await this.doStep(name, () => this.session.during(() => this.#tryStep(name, work)));
    } catch (cause) {
      return { state: 'failed', ...failureOf(cause) };
    }
  }

  async #tryStep<T extends object>(name: string, work: () => Promise<Result<T, CopyFault>>): Promise<StepResult<T>> {
    const result = await work().catch((cause: unknown) => {
      this.#tell({ step: name, state: 'failed', reason: BUG.reason, bug: stackOf(cause) });
      throw errorOf(BUG);
    });
    if (result.ok) return { state: 'ready', ...result.value };
    const fault = result.error;
    if (fault.reason === 'not-ours-any-more') return { state: 'lost' };
    // Of a whole run, only its release can be absent: a file that upstream lacks ends no run.
    const { channel, board, version } = this.session.release;
    const absent = `upstream has no release ${version} of ${channel} ${board}`;
    const why = { reason: fault.reason, detail: fault.reason === 'absent' ? absent : copyDetail(fault) };
    if (isFinal(fault)) return { state: 'failed', ...why };
    this.#tell({ step: name, state: 'retrying', ...why, fault });
    throw errorOf(why);
  }

  async #resolve(): Promise<Result<{ wanted: string[]; builtAt: number | null }, CopyFault>> {
    const now = new Date(this.ports.platform.now()).toISOString();
    const job = await this.session.change((queued) => ({
      ...queued,
      state: 'running',
      startedAt: queued.startedAt ?? now,
      heartbeatAt: now,
    }));
    if (!job.ok) return job;
    if (job.value === undefined) return err({ reason: 'not-ours-any-more' });
    const { release } = this.session;
    const versionFile = await this.ports.versions.read({ ...release, file: 'version.txt' }, null);
    if (!versionFile.ok) {
      const fault = versionFile.error;
      if (fault.reason === 'below-floor') return err({ reason: 'absent' });
      if (isFinal(fault)) {
        const { reason } = fault;
        this.#tell({ file: 'version.txt', state: 'failed', reason, detail: copyDetail(fault), fault });
      }
      return err(fault);
    }
    const fields = parseVersionTxt(versionFile.value.bytes, release.channel, release.version);
    if (!fields.ok) return fields;
    return ok({ wanted: job.value.wanted, builtAt: builtAt(fields.value.buildId) ?? null });
  }

  async #copyPlanned(file: PlannedFile, built: number | null): Promise<FileOutcome> {
    if (file.plan === 'absent') return { state: 'absent' };
    if (file.plan === 'taken') return { state: 'verified', entries: file.entries };
    const { name } = file;
    const copied = await this.#step(STEPS.copy(name), async () => {
      await abandonUpload(this.ports.store, this.session.release, name);
      const watcher = this.session.watch(name);
      const order = { release: this.session.release, attempt: this.session.attempt, name, builtAt: built ?? undefined };
      const result = await copyFile(this.#copyPorts, order, watcher);
      if (result.ok) {
        const { size, ...rest } = result.value;
        await watcher.finish({ state: 'verified', bytes: size, size, ...rest });
        return ok({ entries: result.value.entries });
      }
      const { reason } = result.error;
      if (reason === 'absent') await watcher.finish({ state: 'absent' });
      else if (reason !== 'not-ours-any-more') {
        const detail = copyDetail(result.error);
        await watcher.finish({ state: 'failed', reason, detail });
        if (isFinal(result.error)) this.#tell({ file: name, state: 'failed', reason, detail, fault: result.error });
      }
      return result;
    });
    if (copied.state === 'ready') return { state: 'verified', entries: copied.entries };
    return copied.state === 'failed' && copied.reason === 'absent' ? { state: 'absent' } : copied;
  }

  #tell(event: RunEvent): void {
    this.ports.tell(this.session.release, this.session.attempt, event);
  }

  async #publish(outcomes: ReadonlyMap<string, FileOutcome>): Promise<Result<{ publishedAt: string }, CopyFault>> {
    const job = await this.session.change((running) => running);
    if (!job.ok) return job;
    if (job.value === undefined) return err({ reason: 'not-ours-any-more' });
    const entries: Record<string, ManifestFile> = {};
    for (const outcome of outcomes.values()) if (outcome.state === 'verified') Object.assign(entries, outcome.entries);
    // Copying may take hours, and the signing key may have been revoked in that time.
    const keyring = await this.ports.trustedKeys.current();
    if (!keyring.ok) return keyring;
    for (const { signedBy } of Object.values(entries)) {
      if (signedBy !== undefined && (await isCompromised(keyring.value, signedBy)))
        return err({ reason: 'revoked-key', fingerprint: signedBy });
    }
    const before = await this.ports.releases.manifest(job.value);
    if (!before.ok) return before;
    const all = { ...before.value?.files, ...entries };
    if (Object.entries(entries).some(([name, entry]) => isForeignPayload(name, entry, all)))
      return err({ reason: 'payload-of-another-release' });
    const published = await this.ports.publisher.publish(job.value, entries);
    if (!published.ok) return published;
    const now = new Date(this.ports.platform.now()).toISOString();
    const ended = await this.session.change((running) => ({
      ...running,
      state: 'complete',
      finishedAt: now,
      heartbeatAt: now,
    }));
    if (!ended.ok) return ended;
    // What cannot be started now is started by the poll.
    await startUnpack(this.ports.unpack, this.session.release);
    return ok({ publishedAt: published.value });
  }

  async #fail(
    end: Exclude<Ended, { state: 'complete' }>,
    outcomes: ReadonlyMap<string, FileOutcome>,
  ): Promise<Ended['state']> {
    this.#tell(end);
    if (end.state === 'lost') return 'lost';
    const { release, attempt } = this.session;
    const stored = await this.#step(STEPS.fail, async () => {
      for (const [name, outcome] of outcomes) {
        if (outcome.state === 'failed')
          await this.session.watch(name).finish({ state: 'failed', reason: outcome.reason, detail: outcome.detail });
      }
      const now = new Date(this.ports.platform.now()).toISOString();
      const changed = await this.session.change((job) => ({
        ...job,
        state: 'failed',
        reason: end.reason,
        detail: end.detail,
        finishedAt: job.finishedAt ?? now,
        heartbeatAt: now,
      }));
      if (!changed.ok || changed.value === undefined) return changed.ok ? ok({}) : changed;
      // A step that runs again tells of the same end.
      const at = changed.value.finishedAt ?? now;
      const told = await this.ports.publisher.tell(releaseFailed(release, attempt, end, at));
      return told.ok ? ok({}) : told;
    });
    return stored.state === 'lost' ? 'lost' : 'failed';
  }
}

const BUG: Failure = { reason: 'internal-error', detail: 'a bug of this software; its stack is in the log' };

/** A Workflow passes on only the message of the last error of a step. This prefix marks the errors of this file. */
const PASSING_MARK = 'passing fault';

const errorOf = ({ reason, detail }: Failure): Error => new Error(`${PASSING_MARK} ${reason}: ${detail}`);

/** Reads the last error of a step: one of `errorOf`, or one of the Workflow itself, such as its timeout. */
function failureOf(cause: unknown): Failure {
  const message = cause instanceof Error ? cause.message : String(cause);
  const marked = message.startsWith(`${PASSING_MARK} `) ? message.slice(PASSING_MARK.length + 1) : undefined;
  const colon = marked?.indexOf(': ') ?? -1;
  if (marked === undefined || colon === -1) return { reason: 'step-failed', detail: message };
  return { reason: marked.slice(0, colon), detail: marked.slice(colon + 2) };
}
