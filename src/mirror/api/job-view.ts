/** Makes the API's view of a job, with the progress of each file. */

import type { Catalogue } from '../../releases/catalogue.ts';
import { plainName } from '../../releases/companions.ts';
import { setOf } from '../../releases/sets.ts';
import type { ReleaseStore } from '../../releases/store/bucket.ts';
import type { Manifest } from '../../releases/store/manifest.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { oemSysext } from '../aliases/hold-for.ts';
import type { MirrorStore, Release } from '../store/bucket.ts';
import type { FileStatus, Job } from '../store/job.ts';
import type { AnnouncedJob, FileView, JobView } from './call-shapes.ts';

export interface ViewPorts {
  readonly store: MirrorStore;
  readonly releases: ReleaseStore;
  readonly catalogue: Catalogue;
  /** Returns the clouds that kernel arguments of machines name, of those that boot by a name of the release's pair. */
  readonly oemsOf: (release: Release) => Promise<Result<readonly string[], StoreFault>>;
}

/** Returns the job of a release with its files, or `undefined` when there is none. */
export async function viewJob(ports: ViewPorts, release: Release): Promise<Result<JobView | undefined, StoreFault>> {
  const stored = await ports.store.job(release).read();
  if (!stored.ok || stored.value === undefined) return stored.ok ? ok(undefined) : stored;
  const view = await withFiles(ports, stored.value.value);
  if (!view.ok) return view;
  const oems = await ports.oemsOf(release);
  if (!oems.ok) return oems;
  const has = (name: string) => view.value.files.some((file) => file.name === name && file.state !== 'absent');
  const warnings = oems.value.filter((oem) => !has(oemSysext(oem))).map(missingSysext);
  const unpack = view.value.state === 'complete' ? await ports.store.unpackRecord(release).read() : ok(undefined);
  if (!unpack.ok) return unpack;
  const fault = unpack.value?.value.fault ?? null;
  if (fault !== null)
    warnings.push(`a file of IMPORT_FORMATS could not be made: ${fault}; it is tried again an hour later`);
  return ok(warnings.length === 0 ? view.value : { ...view.value, warnings });
}

const missingSysext = (oem: string): string =>
  `machines boot with flatcar.oem.id=${oem}, whose initrd fetches ${plainName(oemSysext(oem))}, and it is not mirrored: add it to UPDATE_FILES, or the set updates to MIRROR_SETS`;

export interface JobPage {
  readonly items: readonly JobView[];
  readonly unreadable: readonly { readonly id: string; readonly reason: string }[];
  /** Where the next page begins; `null` at the end. */
  readonly place: string | null;
}

export interface JobFilter {
  readonly channel?: string | undefined;
  readonly board?: string | undefined;
  readonly state?: Job['state'] | undefined;
}

/**
 * Returns a page of jobs with their files, newest first, and names those whose records cannot be read. `after` is the place
 * where it begins; empty for the first page.
 */
export async function viewJobs(
  ports: Omit<ViewPorts, 'oemsOf'>,
  { channel, board, state }: JobFilter = {},
  after = '',
  most = Number.POSITIVE_INFINITY,
): Promise<Result<JobPage, StoreFault>> {
  const found: Job[] = [];
  const unreadable: { id: string; reason: string }[] = [];
  for (const pair of ports.catalogue.pairs) {
    if ((channel ?? pair.channel) !== pair.channel || (board ?? pair.board) !== pair.board) continue;
    const jobs = await ports.store.jobs(pair);
    if (!jobs.ok) return jobs;
    for (const { version, detail } of jobs.value.unreadable)
      unreadable.push({ id: `${pair.channel}/${pair.board}/${version}`, reason: detail });
    found.push(...jobs.value.found.filter((job) => state === undefined || job.state === state));
  }
  // A job that starts meanwhile stands before the first page, and moves no other one.
  const rest = found
    .map((job) => ({ job, place: placeOf(job) }))
    .filter(({ place }) => after === '' || place < after)
    .sort((a, b) => (a.place < b.place ? 1 : -1));
  const page = rest.slice(0, most);
  const items: JobView[] = [];
  for (const view of await Promise.all(page.map(({ job }) => withFiles(ports, job)))) {
    if (!view.ok) return view;
    items.push(view.value);
  }
  const last = page.at(-1);
  return ok({ items, unreadable, place: rest.length > page.length && last !== undefined ? last.place : null });
}

const placeOf = ({ queuedAt, channel, board, version }: Job): string => `${queuedAt} ${channel}/${board}/${version}`;

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

async function withFiles(
  { store, releases }: Pick<ViewPorts, 'store' | 'releases'>,
  job: Job,
): Promise<Result<JobView, StoreFault>> {
  const manifest = job.state === 'complete' ? await releases.manifest(job) : ok(undefined);
  if (!manifest.ok && manifest.error.reason !== 'stored-malformed') return manifest;
  // A sweep leaves a manifest without files.
  const named = manifest.ok ? manifest.value?.files : undefined;
  const published = named === undefined || Object.keys(named).length === 0 ? undefined : named;
  const files = await Promise.all(job.wanted.map((name) => viewFile(store, job, name, published)));
  const fault = files.find((file) => !file.ok);
  if (fault?.ok === false) return fault;
  const views = files.flatMap((file) => (file.ok ? [{ ...file.value, set: setOf(file.value.name) ?? null }] : []));
  return ok({ ...jobFields(job), files: views });
}

/** For a complete job the manifest decides: upstream does not have the wanted files that it does not name. */
async function viewFile(
  store: MirrorStore,
  job: Job,
  name: string,
  published: Manifest['files'] | undefined,
): Promise<Result<Omit<FileView, 'set'>, StoreFault>> {
  const entry = published !== undefined && Object.hasOwn(published, name) ? published[name] : undefined;
  if (entry) return ok({ name, state: 'verified', bytes: entry.size, size: entry.size });
  if (published !== undefined) return ok({ name, state: 'absent', bytes: 0, size: 0 });
  const status = await store.fileStatus(job, name);
  if (status.ok) return ok(viewStatus(name, status.value, job));
  if (status.error.reason !== 'stored-malformed') return status;
  const { detail } = status.error;
  return ok({ name, state: 'waiting', bytes: 0, size: 0, reason: 'stored-malformed', detail });
}

function viewStatus(name: string, status: FileStatus | undefined, job: Job): Omit<FileView, 'set'> {
  if (status === undefined || status.attempt !== job.attempt) return { name, state: 'waiting', bytes: 0, size: 0 };
  const { state, bytes, size, reason, detail, startedAt, heartbeatAt } = status;
  const seconds = startedAt === undefined ? 0 : (Date.parse(heartbeatAt) - Date.parse(startedAt)) / 1000;
  const rate = state === 'copying' && seconds > 0 ? { rate: Math.round(bytes / seconds) } : {};
  const why = { ...(reason === undefined ? {} : { reason }), ...(detail === undefined ? {} : { detail }) };
  return { name, state, bytes, size, ...why, heartbeatAt, ...rate };
}
