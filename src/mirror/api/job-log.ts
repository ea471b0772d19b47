/** Makes the log of a job: what was tried of its files, and how that ended. */
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { MirrorStore, Release } from '../store/bucket.ts';
import { type FileStatus, isActive, type Job } from '../store/job.ts';
import { triesOf } from '../store/tries.ts';
import type { JobLog } from './log-shapes.ts';

type Line = JobLog['items'][number];

/** As many as the plan of a job reads at once. */
const FILES_AT_ONCE = 4;

/**
 * Returns the log of a release's job, the oldest line first, or `undefined` when there is no job. `file` is the one file whose lines are
 * wanted. A record that cannot be read is named, and the other lines are there.
 */
export async function logOfJob(
  store: MirrorStore,
  release: Release,
  file: string | undefined,
): Promise<Result<JobLog | undefined, StoreFault>> {
  const job = await store.job(release).read();
  if (!job.ok || job.value === undefined) return job.ok ? ok(undefined) : job;
  const { value } = job.value;
  const names = value.wanted.filter((name) => file === undefined || name === file);
  const items: Line[] = [];
  const unreadable: { id: string; reason: string }[] = [];
  for (let start = 0; start < names.length; start += FILES_AT_ONCE) {
    const batch = names.slice(start, start + FILES_AT_ONCE);
    for (const [at, status] of (await Promise.all(batch.map((name) => store.fileStatus(release, name)))).entries()) {
      const name = batch[at] ?? '';
      if (status.ok) items.push(...linesOf(name, status.value, value));
      else if (status.error.reason === 'stored-malformed') unreadable.push({ id: name, reason: status.error.detail });
      else return status;
    }
  }
  items.sort((a, b) => (a.from < b.from ? -1 : Number(a.from > b.from)));
  return ok({ items, ...(unreadable.length === 0 ? {} : { unreadable }) });
}

function linesOf(file: string, status: FileStatus | undefined, job: Job): Line[] {
  const isUnderWay = status?.state === 'copying' && status.attempt === job.attempt && isActive(job);
  const ended = isUnderWay ? (status.tries ?? []) : triesOf(status);
  const lines = ended.map(
    ({ startedAt, endedAt, ...rest }): Line => ({ file, from: startedAt, until: endedAt, ...rest }),
  );
  if (!isUnderWay) return lines;
  const { attempt, startedAt, heartbeatAt, bytes } = status;
  return [...lines, { file, attempt, from: startedAt ?? heartbeatAt, until: null, state: 'copying', bytes }];
}
