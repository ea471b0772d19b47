/** Lists the machines in pages, filtered by the start of their id. The operator can create a machine here. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../api/api-client.ts';
import { useAnswer } from './client.ts';
import { IssuedPanel } from './issued-panel.tsx';
import { MachineForm } from './machine-form.tsx';
import { moment } from './show.ts';
import { STATES, StateChip } from './state-chip.tsx';
import { Choice, Fault, Field, ScrollBox } from './widgets.tsx';

/** Shows one page of the list. It keeps the cursors of the pages before it, so that the operator can go back. */
export function MachinesScreen() {
  const [prefix, setPrefix] = useState('');
  const [state, setState] = useState('');
  const [profile, setProfile] = useState('');
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const [issued, setIssued] = useState<CallAnswer<'putMachine'> | undefined>(undefined);
  const [isMaking, setMaking] = useState(false);
  const cursor = cursors.at(-1);
  const isFiltered = prefix !== '' || state !== '' || profile !== '';
  const query = {
    ...(prefix === '' ? {} : { prefix }),
    ...(state === '' ? {} : { state }),
    ...(profile === '' ? {} : { profile }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  const { value, fault, reload } = useAnswer('listMachines', { query });
  const made = (answer: CallAnswer<'putMachine'>) => {
    setIssued(answer);
    setMaking(false);
    void reload();
  };
  return (
    <>
      <h1>Machines</h1>
      <div class="fields">
        <Field
          label="Id starts with"
          value={prefix}
          onValue={(text) => {
            setPrefix(text.trim());
            setCursors([]);
          }}
        />
        <Field
          label="Profile"
          value={profile}
          onValue={(text) => {
            setProfile(text.trim());
            setCursors([]);
          }}
        />
        <Choice
          label="State"
          value={state}
          choices={[['', 'all'], ...STATES.map(([name, meaning]) => [name, `${name}: ${meaning}`] as const)]}
          onValue={(name) => {
            setState(name);
            setCursors([]);
          }}
        />
        <button type="button" class="primary" onClick={() => setMaking(!isMaking)} aria-expanded={isMaking}>
          New machine
        </button>
      </div>
      {isMaking ? <MachineForm onIssued={made} /> : null}
      {issued === undefined ? null : <IssuedPanel issued={issued} />}
      <Fault text={fault} />
      {value === undefined && fault === undefined ? <p class="faint">Loading …</p> : null}
      {value?.items.length === 0 ? (
        <p>
          {isFiltered ? 'No machine fits these fields' : 'There is no machine yet'}
          {value.cursor === null ? '.' : ': the next page looks at more of them.'}
        </p>
      ) : null}
      {value === undefined || value.items.length === 0 ? null : <MachineTable machines={value.items} />}
      {value?.unreadable?.map(({ id, reason }) => (
        <Fault key={id} text={`${id} cannot be read: ${reason}`} />
      ))}
      <div class="row">
        <button type="button" disabled={cursors.length === 0} onClick={() => setCursors(cursors.slice(0, -1))}>
          Previous page
        </button>
        <button
          type="button"
          disabled={value?.cursor === null || value?.cursor === undefined}
          onClick={() => value?.cursor && setCursors([...cursors, value.cursor])}
        >
          Next page
        </button>
      </div>
    </>
  );
}

function MachineTable({ machines }: { machines: CallAnswer<'listMachines'>['items'] }) {
  return (
    <ScrollBox label="Machines">
      <table>
        <thead>
          <tr>
            <th scope="col">Id</th>
            <th scope="col">Profile</th>
            <th scope="col">State</th>
            <th scope="col">Last asked</th>
            <th scope="col">User data</th>
            <th scope="col">Generation</th>
            <th scope="col">URLs end</th>
            <th scope="col">Changed</th>
          </tr>
        </thead>
        <tbody>
          {machines.map(({ id, profile, kind, generation, expiresAt, updatedAt, state, lastBoot }) => (
            <tr key={id}>
              <th scope="row">
                <a href={`#/machines/${encodeURIComponent(id)}`}>{id}</a>
              </th>
              <td>{profile ?? 'none'}</td>
              <td>
                <StateChip state={state} />
              </td>
              <td>{lastBoot === null ? 'never' : moment(lastBoot.at)}</td>
              <td>{kind}</td>
              <td>{generation}</td>
              <td>{expiresAt === null ? 'never' : moment(expiresAt)}</td>
              <td>{moment(updatedAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}
