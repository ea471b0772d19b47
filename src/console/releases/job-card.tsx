/** Shows a job with its files, and follows it while it runs. */
import { useEffect } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAction, useAnswer } from '../client/client.ts';
import { bytes, duration } from '../widgets/show.ts';
import { When } from '../widgets/when.tsx';
import { Chip, Fault, type Tone } from '../widgets/widgets.tsx';
import { JobLog } from './job-log.tsx';

type Job = CallAnswer<'getMirror'>;
type File = Job['files'][number];

const JOB_TONES: Readonly<Record<Job['state'], Tone>> = {
  queued: '',
  running: 'warn',
  complete: 'good',
  failed: 'bad',
  cancelled: '',
};
const FILE_TONES: Readonly<Record<File['state'], Tone>> = {
  waiting: '',
  copying: 'warn',
  verified: 'good',
  absent: '',
  failed: 'bad',
};

/**
 * After this silence the card says so. A job writes a heartbeat every 10 seconds; after two minutes without one, the
 * next poll or start takes it over.
 */
const SILENT_SECONDS = 60;

const isActive = ({ state }: Job): boolean => state === 'queued' || state === 'running';

interface JobCardProps {
  readonly job: Job;
  readonly onChanged: () => Promise<void>;
}

/** Shows a job as the list has it. An active job is loaded again by itself. */
export function JobCard({ job: listed, onChanged }: JobCardProps) {
  return isActive(listed) ? (
    <LiveJob listed={listed} onChanged={onChanged} />
  ) : (
    <JobPanel job={listed} onChanged={onChanged} />
  );
}

/** Loads the job again every second. It calls `onChanged` once the job has ended, so that the list is loaded again. */
function LiveJob({ listed, onChanged }: { listed: Job; onChanged: () => Promise<void> }) {
  const { channel, board, version } = listed;
  const { value, fault } = useAnswer('getMirror', { params: { channel, board, version } }, 1);
  const job = value ?? listed;
  const hasEnded = !isActive(job);
  useEffect(() => {
    if (hasEnded) void onChanged();
  }, [hasEnded, onChanged]);
  return (
    <>
      <Fault text={fault} />
      <JobPanel job={job} onChanged={onChanged} />
    </>
  );
}

function JobPanel({ job, onChanged }: JobCardProps) {
  const { channel, board, version, state, attempt, trigger, reason, detail, files, queuedAt, finishedAt } = job;
  const { isBusy, fault, run } = useAction();
  const params = { channel, board, version };
  const act = async (name: 'startMirror' | 'cancelMirror') => {
    if ((await run(name, { params })) !== undefined) await onChanged();
  };
  const silence = (Date.now() - Date.parse(job.heartbeatAt)) / 1000;
  const done = files.filter((file) => file.state === 'verified' || file.state === 'absent').length;
  const title = `${channel} ${version} ${board}`;
  return (
    <section class="panel job" aria-label={title}>
      <div class="head">
        <h2>{title}</h2>
        <Chip tone={JOB_TONES[state]}>{state}</Chip>
        {state === 'running' && silence > SILENT_SECONDS ? (
          <Chip tone="bad">silent for {duration(silence)}</Chip>
        ) : null}
        <span class="faint">
          attempt {attempt}, by {trigger}, <When at={finishedAt ?? queuedAt} />
        </span>
        <span class="row">
          {isActive(job) ? (
            <button type="button" disabled={isBusy} onClick={() => void act('cancelMirror')}>
              Cancel
            </button>
          ) : null}
          {state === 'failed' || state === 'cancelled' ? (
            <button type="button" disabled={isBusy} onClick={() => void act('startMirror')}>
              Try again
            </button>
          ) : null}
        </span>
      </div>
      <Fault text={fault ?? (reason === undefined ? undefined : `It failed: ${detail ?? reason}`)} />
      {(job.warnings ?? []).map((warning) => (
        <p key={warning} class="notice warn">
          {warning}
        </p>
      ))}
      {state === 'complete' ? null : <progress max={files.length} value={done} aria-label={`Files of ${title}`} />}
      <p class="faint">
        <span aria-live="polite">
          {done} of {files.length} files done
          {state === 'complete' ? `, ${bytes(sizeOf(files))}` : ''}
        </span>
        {timeLeft(files)}
      </p>
      <details open={isActive(job) || state === 'failed'}>
        <summary>Files</summary>
        {SETS.map((set) => (
          <FileSetList key={set} set={set} files={files.filter((file) => file.set === set)} />
        ))}
      </details>
      <JobLog params={params} isLive={isActive(job)} />
    </section>
  );
}

const SETS = [null, 'images', 'pxe', 'sysexts', 'updates'] as const;

const sizeOf = (files: readonly File[]): number => files.reduce((sum, { size }) => sum + size, 0);

/** Shows the files of a set below its name, and those that upstream does not have in one line; `null` for those that were named one by one. */
function FileSetList({ set, files }: { set: File['set']; files: readonly File[] }) {
  if (files.length === 0) return null;
  const here = files.filter(({ state }) => state === 'verified').length;
  const absent = files.flatMap(({ name, state }) => (state === 'absent' ? [name] : []));
  return (
    <>
      {set === null ? null : (
        <h3>
          Set {set}: {here} of {files.length} here
        </h3>
      )}
      <ul class="job-files">
        {files
          .filter(({ state }) => state !== 'absent')
          .map((file) => (
            <FileRow key={file.name} file={file} />
          ))}
      </ul>
      {absent.length === 0 ? null : <p class="faint wrap">Upstream does not have {absent.join(', ')}.</p>}
    </>
  );
}

function FileRow({ file }: { file: File }) {
  const { name, state, bytes: copied, size, rate, reason, detail } = file;
  const progress =
    state === 'waiting' || state === 'absent' || state === 'failed'
      ? ''
      : size === 0
        ? bytes(copied)
        : state === 'verified'
          ? bytes(size)
          : `${bytes(copied)} of ${bytes(size)}`;
  return (
    <li>
      <span class="file-name">{name}</span>
      <Chip tone={FILE_TONES[state]}>{state}</Chip>
      {state === 'verified' ? <span /> : <progress max={Math.max(size, 1)} value={copied} aria-label={name} />}
      <span class="faint">
        {progress}
        {rate === undefined ? '' : `, ${bytes(rate)}/s`}
        {reason === undefined ? '' : ` ${detail ?? reason}`}
      </span>
    </li>
  );
}

/** Returns the rate and the time left for the files that are being copied. The size of waiting files is not known. */
function timeLeft(files: readonly File[]): string {
  const copying = files.filter((file) => file.state === 'copying' && file.rate !== undefined && file.rate > 0);
  if (copying.length === 0) return '';
  const rate = copying.reduce((sum, file) => sum + (file.rate ?? 0), 0);
  const bytesLeft = copying.reduce((sum, file) => sum + file.size - file.bytes, 0);
  const waiting = files.filter((file) => file.state === 'waiting').length;
  return `, ${bytes(rate)}/s, ${duration(bytesLeft / rate)} left${waiting === 0 ? '' : ` for these, ${waiting} more to come`}`;
}
