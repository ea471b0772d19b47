/** Starts, joins, reopens and cancels jobs. Many triggers at the same time start one job only. */

import type { Alias } from '../releases/model.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import { isPublished, unmarked } from '../releases/store/manifest.ts';
import type { Upstream } from '../releases/upstream/upstream.ts';
import { update } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type StoreFault, storeProblemText } from '../shared/store.ts';
import { abandonUpload } from './plan.ts';
import type { Publisher } from './publish.ts';
import type { MirrorStore, Release } from './store/bucket.ts';
import { decideStart, instanceId, isActive, type Job, type Trigger } from './store/job.ts';

/** Runs the attempts of jobs; `mirror/workflow` implements it. */
export interface Launcher {
  launch(job: Job): Promise<Result<undefined, StoreFault>>;
  stop(id: string): Promise<void>;
}

export interface JobsPorts {
  readonly platform: Platform;
  readonly store: MirrorStore;
  readonly upstream: Upstream;
  readonly publisher: Publisher;
  readonly launcher: Launcher;
  readonly releases: ReleaseStore;
  /** MIRROR_FILES: the names of the files that a job copies, without their companions. */
  readonly mirrorFiles: readonly string[];
}

export type StartFault =
  | StoreFault
  /** The release is quarantined. Only the operator can lift that, by starting the job explicitly. */
  | { readonly reason: 'quarantined' };

export interface Started {
  readonly job: Job;
  /** False when the trigger joined a job that existed already. */
  readonly isNew: boolean;
}

/** Why a job starts, and what it may do once it is complete. */
interface StartCause {
  readonly trigger: Trigger;
  readonly alias: Alias | undefined;
  readonly movesAlias: boolean;
}

export class Jobs {
  constructor(private readonly ports: JobsPorts) {}

  /** Starts a job or joins the existing one, and returns it. A new job is stored as `queued` before this resolves. */
  async start(release: Release, trigger: Trigger, alias?: Alias): Promise<Result<Started, StartFault>> {
    return await this.#start(release, { trigger, alias, movesAlias: trigger !== 'demand' }, trigger === 'operator');
  }

  /** Starts a dead job anew. Whoever started it before, this is no wish of the operator, so it lifts no quarantine. */
  async takeOver(job: Job): Promise<Result<Started, StartFault>> {
    const { trigger, alias } = job;
    return await this.#start(job, { trigger, alias, movesAlias: trigger !== 'demand' }, false);
  }

  async #start(release: Release, cause: StartCause, mayLift: boolean): Promise<Result<Started, StartFault>> {
    const { platform, store, publisher } = this.ports;
    const { trigger, alias, movesAlias } = cause;
    const cleared = await this.#clearQuarantine(release, mayLift);
    if (!cleared.ok) return cleared;
    // The operator's wish replaces a job whose record cannot be read.
    const document = mayLift ? store.replaceableJob(release) : store.job(release);
    const read = await document.read();
    if (!read.ok) return read;
    const before = read.value?.value;
    const asksUpstream = before !== undefined && decideStart(before, trigger, platform.now()) === 'ask-upstream';
    const news = asksUpstream ? await this.#hasNews(release) : ok(false);
    if (!news.ok) return news;
    const reopens = cleared.value || news.value;
    // The token shows that the stored job is the one of this call, even if the answer to its write was lost.
    const token = String(platform.random());
    const stored = await update(platform, document, (current) => {
      const decision = decideStart(current, trigger, platform.now());
      const starts =
        decision === 'start' || (decision === 'ask-upstream' && reopens && current?.attempt === before?.attempt);
      if (starts) return { ...this.#next(release, current, cause), token };
      const joins = current !== undefined && isActive(current) && movesAlias && !current.movesAlias;
      return joins ? { ...current, movesAlias: true } : undefined;
    });
    if (!stored.ok) return stored;
    if (stored.value === undefined) return err({ reason: 'store-unreachable', operation: 'read job' });
    if (stored.value.token !== token) {
      // The release is published already, but this trigger may still move an alias to it.
      const moves = stored.value.state === 'complete' && movesAlias;
      const moved = moves
        ? await publisher.moveAliases({ ...stored.value, alias: stored.value.alias ?? alias })
        : ok(undefined);
      return moved.ok ? ok({ job: stored.value, isNew: false }) : moved;
    }
    const job = stored.value;
    const launched = await this.ports.launcher.launch(job);
    if (launched.ok) return ok({ job, isNew: true });
    const detail = `the Workflow could not be started: ${storeProblemText(launched.error)}`;
    await this.#end(job, 'failed', { reason: 'workflow-unavailable', detail });
    return launched;
  }

  /** Starts a new attempt only if upstream has a wanted file that the published release lacks. */
  async reopen(release: Release): Promise<Result<undefined, StartFault>> {
    const news = await this.#hasNews(release);
    if (!news.ok) return news;
    if (!news.value) return ok(undefined);
    // If the last attempt was not allowed to move an alias, the new one is not either.
    const before = await this.ports.store.job(release).read();
    if (!before.ok) return before;
    const movesAlias = before.value?.value.movesAlias === true;
    const started = await this.#start(release, { trigger: 'poll', alias: undefined, movesAlias }, false);
    return started.ok ? ok(undefined) : started;
  }

  /** Cancels the job and returns it. A job that has ended stays as it is. Returns `undefined` when there is none. */
  async cancel(release: Release): Promise<Result<Job | undefined, StoreFault>> {
    const { store, launcher } = this.ports;
    const current = await store.job(release).read();
    if (!current.ok) return current;
    if (current.value === undefined || !isActive(current.value.value)) return ok(current.value?.value);
    const ended = await this.#end(current.value.value, 'cancelled');
    if (!ended.ok || ended.value === undefined) return ended;
    const job = ended.value;
    await launcher.stop(instanceId(job));
    for (const name of job.wanted) await abandonUpload(store, release, name);
    return ok(job);
  }

  async #end(
    job: Job,
    state: 'failed' | 'cancelled',
    why: Pick<Job, 'reason' | 'detail'> = {},
  ): Promise<Result<Job | undefined, StoreFault>> {
    const { platform, store } = this.ports;
    const finishedAt = new Date(platform.now()).toISOString();
    return await update(platform, store.job(job), (current) =>
      current !== undefined && current.attempt === job.attempt && isActive(current)
        ? { ...current, state, finishedAt, ...why }
        : undefined,
    );
  }

  #next(release: Release, current: Job | undefined, { trigger, alias, movesAlias }: StartCause): Job {
    const now = new Date(this.ports.platform.now()).toISOString();
    const stream = alias ?? current?.alias;
    const { channel, board, version } = release;
    // These fields belong to the last attempt. Others stay: a later version may have written them (docs/storage.md).
    const {
      reason: _why,
      detail: _words,
      startedAt: _began,
      finishedAt: _ended,
      alias: _stream,
      ...kept
    } = current ?? {};
    return {
      ...kept,
      ...{ channel, board, version, trigger },
      attempt: (current?.attempt ?? 0) + 1,
      state: 'queued',
      movesAlias: movesAlias || current?.movesAlias === true,
      ...(stream === undefined ? {} : { alias: stream }),
      wanted: [...new Set(['version.txt', ...this.ports.mirrorFiles])],
      queuedAt: now,
      heartbeatAt: now,
    };
  }

  /** True when a new attempt can help: the release is not listed, or it lacks a wanted file that upstream has. */
  async #hasNews(release: Release): Promise<Result<boolean, StoreFault>> {
    const { releases, upstream, mirrorFiles } = this.ports;
    const manifest = await releases.manifestDocument(release).read();
    if (!manifest.ok) return manifest;
    const published = manifest.value?.value;
    if (published === undefined || !isPublished(published)) return ok(true);
    // A release that retention took out of the index keeps its manifest for a day, but only publishing lists it again.
    const index = await releases.indexDocument(release).read();
    if (!index.ok) return index;
    if (!(index.value?.value.releases ?? []).some(({ version }) => version === release.version)) return ok(true);
    for (const file of mirrorFiles) {
      if (Object.hasOwn(published.files, file)) continue;
      if ((await upstream.facts({ ...release, file })).ok) return ok(true);
    }
    return ok(false);
  }

  /** Lifts a quarantine if the operator wishes so. True when there was one; for any other cause it is an error. */
  async #clearQuarantine(release: Release, mayLift: boolean): Promise<Result<boolean, StartFault>> {
    const { platform, releases } = this.ports;
    const manifest = await releases.manifestDocument(release).read();
    if (!manifest.ok) return manifest;
    if (manifest.value?.value.quarantinedAt === undefined) return ok(false);
    if (!mayLift) return err({ reason: 'quarantined' });
    const lifted = await update(platform, releases.manifestDocument(release), (current) => {
      return current?.quarantinedAt === undefined ? undefined : unmarked(current);
    });
    return lifted.ok ? ok(true) : lifted;
  }
}
