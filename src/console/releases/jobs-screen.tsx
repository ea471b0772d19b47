/** Lists the mirror jobs with their progress and faults. The operator can start, repeat and cancel jobs here. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAction, useAnswer } from '../client/client.ts';
import { Fault, Field, Loading } from '../widgets/widgets.tsx';
import { JobCard } from './job-card.tsx';

type Job = CallAnswer<'getMirror'>;

const keyOf = ({ channel, board, version }: Job): string => `${channel}/${board}/${version}`;

/** Shows the list and loads it again every 15 seconds. Active jobs load themselves more often. */
export function JobsScreen() {
  const { value, fault, reload } = useAnswer('listMirrors', {}, 15);
  return (
    <>
      <h1>Mirror jobs</h1>
      <StartForm onStarted={reload} />
      <Fault text={fault} />
      <Loading of={{ value, fault }} />
      {value?.items.length === 0 ? <p>No release was mirrored yet.</p> : null}
      {value?.items.map((job) => (
        <JobCard key={keyOf(job)} job={job} onChanged={reload} />
      ))}
      {value?.unreadable?.map(({ id, reason }) => (
        <Fault key={id} text={`${id} cannot be read: ${reason}`} />
      ))}
    </>
  );
}

function StartForm({ onStarted }: { onStarted: () => Promise<void> }) {
  const [channel, setChannel] = useState('stable');
  const [board, setBoard] = useState('amd64-usr');
  const [version, setVersion] = useState('current');
  const { isBusy, fault, run } = useAction();
  const start = async () => {
    const params = { channel: channel.trim(), board: board.trim(), version: version.trim() };
    if ((await run('startMirror', { params })) !== undefined) await onStarted();
  };
  return (
    <form
      class="panel"
      aria-label="Start a job"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <div class="fields">
        <Field label="Channel" value={channel} onValue={setChannel} required />
        <Field label="Board" value={board} onValue={setBoard} required />
        <Field label="Version or alias" value={version} onValue={setVersion} required />
        <button type="submit" class="primary" disabled={isBusy}>
          Mirror it
        </button>
      </div>
      <Fault text={fault} />
    </form>
  );
}
