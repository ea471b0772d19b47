/** Shows the log of a job: what was tried of each file, and how that ended. It is loaded once somebody opens it. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAnswer } from '../client/client.ts';
import { bytes, duration } from '../widgets/show.ts';
import { When } from '../widgets/when.tsx';
import { Chip, Fault, Loading, Table, type Tone } from '../widgets/widgets.tsx';

type Line = CallAnswer<'getMirrorLog'>['items'][number];

const TONES: Readonly<Record<Line['state'], Tone>> = {
  copying: 'warn',
  verified: 'good',
  absent: '',
  failed: 'bad',
  stopped: 'warn',
};

interface JobLogProps {
  readonly params: { readonly channel: string; readonly board: string; readonly version: string };
  /** True while lines may be added. */
  readonly isLive: boolean;
}

/** Shows the log, closed. */
export function JobLog(props: JobLogProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Log</summary>
      {isOpen ? <Lines {...props} /> : null}
    </details>
  );
}

function Lines({ params, isLive }: JobLogProps) {
  const { value, fault } = useAnswer('getMirrorLog', { params }, isLive ? 2 : undefined);
  const [file, setFile] = useState('');
  if (value === undefined)
    return (
      <>
        <Fault text={fault} />
        <Loading of={{ value, fault }} />
      </>
    );
  const files = [...new Set(value.items.map((line) => line.file))].toSorted();
  const shown = value.items.filter((line) => file === '' || line.file === file);
  return (
    <>
      <Fault text={fault} />
      {(value.unreadable ?? []).map(({ id, reason }) => (
        <Fault key={id} text={`The record of ${id} cannot be read: ${reason}`} />
      ))}
      {files.length < 2 ? null : (
        <label>
          File{' '}
          <select value={file} onChange={(event) => setFile(event.currentTarget.value)}>
            <option value="">all</option>
            {files.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      {value.items.length === 0 ? <p class="faint">Nothing was tried yet.</p> : <LineTable lines={shown} />}
    </>
  );
}

const LineTable = ({ lines }: { lines: readonly Line[] }) => (
  <Table label="Log of the job" columns={['Began', 'File', 'Attempt', 'Ended as', 'What happened']}>
    {lines.map((line) => (
      <tr key={`${line.file} ${line.from} ${line.until}`}>
        <td>
          <When at={line.from} />
        </td>
        <td class="long">{line.file}</td>
        <td>{line.attempt}</td>
        <td>
          <Chip tone={TONES[line.state]}>{line.state}</Chip>
        </td>
        <td>{saidOf(line)}</td>
      </tr>
    ))}
  </Table>
);

function saidOf({ state, from, until, bytes: copied, reason, detail }: Line): string {
  const after = until === null ? '' : ` after ${duration((Date.parse(until) - Date.parse(from)) / 1000)}`;
  if (state === 'absent') return 'Upstream does not have it.';
  if (state === 'verified') return `${bytes(copied)} verified${after}.`;
  if (state === 'copying') return `${bytes(copied)} so far.`;
  const why = state === 'stopped' ? 'its run was killed' : (detail ?? reason ?? 'no reason told');
  return `${bytes(copied)} copied${after}: ${why}.`;
}
