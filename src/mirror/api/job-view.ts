/** Makes the API's view of a job, with the progress of each file. */

import type { Catalogue } from '../../releases/catalogue.ts';
import type { ReleaseStore } from '../../releases/store/bucket.ts';
import type { Manifest } from '../../releases/store/manifest.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { MirrorStore, Release } from '../store/bucket.ts';
import type { FileStatus, Job } from '../store/job.ts';
import type { AnnouncedJob, FileView, JobView, UnreadableJob } from './call-shapes.ts';

export interface ViewPorts {
  readonly store: MirrorStore;
  readonly releases: ReleaseStore;
  readonly catalogue: Catalogue;
}

/** Returns the job of a release with its files, or `undefined` when there is none. */
export async function viewJob(ports: ViewPorts, release: Release): Promise<Result<JobView | undefined, StoreFault>> {
  const stored = await ports.store.job(release).read();
  if (!stored.ok || stored.value === undefined) return stored.ok ? ok(undefined) : stored;
  return await withFiles(ports, stored.value.value);
}

export interface JobViews {
  readonly jobs: readonly JobView[];
  readonly unreadable: readonly UnreadableJob[];
}

/** Returns all jobs of all pairs with their files, newest first, and names those whose records cannot be read. */
export async function viewJobs(ports: ViewPorts): Promise<Result<JobViews, StoreFault>> {
  const views: JobView[] = [];
  const unreadable: UnreadableJob[] = [];
  for (const pair of ports.catalogue.pairs) {
    const jobs = await ports.store.jobs(pair);
    if (!jobs.ok) return jobs;
    for (const { version, detail } of jobs.value.unreadable)
      unreadable.push({ unreadable: `${pair.channel}/${pair.board}/${version}`, reason: detail });
    for (const view of await Promise.all(jobs.value.found.map((job) => withFiles(ports, job)))) {
      if (!view.ok) return view;
      views.push(view.value);
    }
  }
  return ok({ jobs: views.sort((a, b) => b.queuedAt.localeCompare(a.queuedAt)), unreadable });
}

/** Returns the public fields of a job without its files. It names each field, so that other fields stay private. */
export function jobFields(job: Job): AnnouncedJob {
  const { channel, board, version, attempt, state, trigger, queuedAt, startedAt = null, finishedAt = null } = job;
  return {
    ...{ channel, board, version, attempt, state },
    ...(job.reason === undefined ? {} : { reason: job.reason }),
    ...(job.detail === undefined ? {} : { detail: job.detail }),
    trigger,
    ...(job.alias === undefined ? {} : { alias: job.alias }),
    ...{ queuedAt, startedAt, finishedAt, heartbeatAt: job.heartbeatAt },
  };
}

async function withFiles({ store, releases }: ViewPorts, job: Job): Promise<Result<JobView, StoreFault>> {
  const manifest = job.state === 'complete' ? await releases.manifest(job) : ok(undefined);
  if (!manifest.ok && manifest.error.reason !== 'stored-malformed') return manifest;
  // A sweep leaves a manifest without files.
  const named = manifest.ok ? manifest.value?.files : undefined;
  const published = named === undefined || Object.keys(named).length === 0 ? undefined : named;
  const files = await Promise.all(job.wanted.map((name) => viewFile(store, job, name, published)));
  const fault = files.find((file) => !file.ok);
  if (fault?.ok === false) return fault;
  const views = files.flatMap((file) => (file.ok ? [file.value] : []));
  return ok({ ...jobFields(job), files: views });
}

/** For a complete job the manifest decides: upstream does not have the wanted files that it does not name. */
async function viewFile(
  store: MirrorStore,
  job: Job,
  name: string,
  published: Manifest['files'] | undefined,
): Promise<Result<FileView, StoreFault>> {
  const entry = published !== undefined && Object.hasOwn(published, name) ? published[name] : undefined;
  if (entry) return ok({ name, state: 'verified', bytes: entry.size, size: entry.size });
  if (published !== undefined) return ok({ name, state: 'absent', bytes: 0, size: 0 });
  const status = await store.fileStatus(job, name);
  if (status.ok) return ok(viewStatus(name, status.value, job));
  if (status.error.reason !== 'stored-malformed') return status;
  const { detail } = status.error;
  return ok({ name, state: 'waiting', bytes: 0, size: 0, reason: 'stored-malformed', detail });
}

function viewStatus(name: string, status: FileStatus | undefined, job: Job): FileView {
  if (status === undefined || status.attempt !== job.attempt) return { name, state: 'waiting', bytes: 0, size: 0 };
  const { state, bytes, size, reason, detail, startedAt, heartbeatAt } = status;
  const seconds = startedAt === undefined ? 0 : (Date.parse(heartbeatAt) - Date.parse(startedAt)) / 1000;
  const rate = state === 'copying' && seconds > 0 ? { rate: Math.round(bytes / seconds) } : {};
  const why = { ...(reason === undefined ? {} : { reason }), ...(detail === undefined ? {} : { detail }) };
  return { name, state, bytes, size, ...why, heartbeatAt, ...rate };
}
