/** A job as the API shows it: live, with what each file has done so far. */
import type { Config } from '../shared/config.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import type { MirrorStore, Release } from './bucket.ts';
import type { FileView, JobView } from './call-shapes.ts';
import type { FilePart, Job } from './job.ts';

/** The job of a release with its files; `undefined` when there never was one. */
export async function viewJob(store: MirrorStore, release: Release): Promise<Result<JobView | undefined, StoreFault>> {
  const stored = await store.job(release).read();
  if (!stored.ok || stored.value === undefined) return stored.ok ? ok(undefined) : stored;
  return await withFiles(store, stored.value.value);
}

/** Every job of every pair, newest first. */
export async function viewJobs(
  store: MirrorStore,
  { CHANNELS, BOARDS }: Pick<Config, 'CHANNELS' | 'BOARDS'>,
): Promise<Result<JobView[], StoreFault>> {
  const views: JobView[] = [];
  for (const pair of CHANNELS.flatMap((channel) => BOARDS.map((board) => ({ channel, board })))) {
    const jobs = await store.jobs(pair);
    if (!jobs.ok) return jobs;
    for (const job of jobs.value) {
      const view = await withFiles(store, job);
      if (!view.ok) return view;
      views.push(view.value);
    }
  }
  return ok(views.sort((a, b) => b.queuedAt.localeCompare(a.queuedAt)));
}

async function withFiles(store: MirrorStore, job: Job): Promise<Result<JobView, StoreFault>> {
  const manifest = job.state === 'complete' ? await store.manifest(job).read() : ok(undefined);
  if (!manifest.ok) return manifest;
  const published = manifest.value?.value.files ?? {};
  const files: FileView[] = [];
  for (const name of job.wanted) {
    const part = await store.part(job, name);
    if (!part.ok) return part;
    const entry = Object.hasOwn(published, name) ? published[name] : undefined;
    files.push(
      entry ? { name, state: 'verified', bytes: entry.size, size: entry.size } : fileView(name, part.value, job),
    );
  }
  const { wanted: _wanted, movesAlias: _moves, startedAt = null, finishedAt = null, ...rest } = job;
  return ok({ ...rest, startedAt, finishedAt, files });
}

function fileView(name: string, part: FilePart | undefined, job: Job): FileView {
  if (part === undefined || part.attempt !== job.attempt) return { name, state: 'waiting', bytes: 0, size: 0 };
  const { state, bytes, size, reason, startedAt, heartbeatAt } = part;
  const seconds = startedAt === undefined ? 0 : (Date.parse(heartbeatAt) - Date.parse(startedAt)) / 1000;
  const rate = state === 'copying' && seconds > 0 ? { rate: Math.round(bytes / seconds) } : {};
  return { name, state, bytes, size, ...(reason === undefined ? {} : { reason }), heartbeatAt, ...rate };
}
