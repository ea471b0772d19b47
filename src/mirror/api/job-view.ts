/** A job as the API shows it: live, with what each file has done so far. */

import type { Catalogue } from '../../releases/catalogue.ts';
import type { ReleaseStore } from '../../releases/store/bucket.ts';
import type { Manifest } from '../../releases/store/manifest.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { MirrorStore, Release } from '../store/bucket.ts';
import type { FileStatus, Job } from '../store/job.ts';
import type { AnnouncedJob, FileView, JobView } from './call-shapes.ts';

export interface ViewPorts {
  readonly store: MirrorStore;
  readonly releases: ReleaseStore;
  readonly catalogue: Catalogue;
}

/** The job of a release with its files; `undefined` when there never was one. */
export async function viewJob(ports: ViewPorts, release: Release): Promise<Result<JobView | undefined, StoreFault>> {
  const stored = await ports.store.job(release).read();
  if (!stored.ok || stored.value === undefined) return stored.ok ? ok(undefined) : stored;
  return await withFiles(ports, stored.value.value);
}

/** Every job of every pair, newest first. */
export async function viewJobs(ports: ViewPorts): Promise<Result<JobView[], StoreFault>> {
  const views: JobView[] = [];
  for (const pair of ports.catalogue.pairs) {
    const jobs = await ports.store.jobs(pair);
    if (!jobs.ok) return jobs;
    for (const view of await Promise.all(jobs.value.map((job) => withFiles(ports, job)))) {
      if (!view.ok) return view;
      views.push(view.value);
    }
  }
  return ok(views.sort((a, b) => b.queuedAt.localeCompare(a.queuedAt)));
}

/** What the API and the webhooks show of a job besides its files: an allow-list, so that no private field gets out. */
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
  if (!manifest.ok) return manifest;
  const published = manifest.value?.files;
  const files = await Promise.all(job.wanted.map((name) => fileOf(store, job, name, published)));
  const fault = files.find((file) => !file.ok);
  if (fault?.ok === false) return fault;
  const seen = files.flatMap((file) => (file.ok ? [file.value] : []));
  return ok({ ...jobFields(job), files: seen });
}

/** Of a complete job the manifest knows: what it does not name upstream has not. */
async function fileOf(
  store: MirrorStore,
  job: Job,
  name: string,
  published: Manifest['files'] | undefined,
): Promise<Result<FileView, StoreFault>> {
  const entry = published !== undefined && Object.hasOwn(published, name) ? published[name] : undefined;
  if (entry) return ok({ name, state: 'verified', bytes: entry.size, size: entry.size });
  if (published !== undefined) return ok({ name, state: 'absent', bytes: 0, size: 0 });
  const part = await store.fileStatus(job, name);
  return part.ok ? ok(fileView(name, part.value, job)) : part;
}

function fileView(name: string, part: FileStatus | undefined, job: Job): FileView {
  if (part === undefined || part.attempt !== job.attempt) return { name, state: 'waiting', bytes: 0, size: 0 };
  const { state, bytes, size, reason, detail, startedAt, heartbeatAt } = part;
  const seconds = startedAt === undefined ? 0 : (Date.parse(heartbeatAt) - Date.parse(startedAt)) / 1000;
  const rate = state === 'copying' && seconds > 0 ? { rate: Math.round(bytes / seconds) } : {};
  const why = { ...(reason === undefined ? {} : { reason }), ...(detail === undefined ? {} : { detail }) };
  return { name, state, bytes, size, ...why, heartbeatAt, ...rate };
}
