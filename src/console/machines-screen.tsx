/** Lists the machines in pages, filtered by the start of their id. The operator can create a machine here. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../api/api-client.ts';
import { useAnswer } from './client.ts';
import { IssuedPanel } from './issued-panel.tsx';
import { MachineForm } from './machine-form.tsx';
import { moment } from './show.ts';
import { Fault, Field, ScrollBox } from './widgets.tsx';

/** Shows one page of the list. It keeps the cursors of the pages before it, so that the operator can go back. */
export function MachinesScreen() {
  const [prefix, setPrefix] = useState('');
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const [issued, setIssued] = useState<CallAnswer<'putMachine'> | undefined>(undefined);
  const [isMaking, setMaking] = useState(false);
  const cursor = cursors.at(-1);
  const query = { ...(prefix === '' ? {} : { prefix }), ...(cursor === undefined ? {} : { cursor }) };
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
          label="Find by id"
          hint="(how it begins)"
          value={prefix}
          onValue={(text) => {
            setPrefix(text.trim());
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
      {value?.machines.length === 0 ? <p>No machine {prefix === '' ? 'yet' : `begins with ${prefix}`}.</p> : null}
      {value === undefined || value.machines.length === 0 ? null : <MachineTable machines={value.machines} />}
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

function MachineTable({ machines }: { machines: CallAnswer<'listMachines'>['machines'] }) {
  return (
    <ScrollBox label="Machines">
      <table>
        <thead>
          <tr>
            <th scope="col">Id</th>
            <th scope="col">Profile</th>
            <th scope="col">User data</th>
            <th scope="col">Generation</th>
            <th scope="col">URLs end</th>
            <th scope="col">Changed</th>
          </tr>
        </thead>
        <tbody>
          {machines.map(({ id, profile, kind, generation, expiresAt, updatedAt }) => (
            <tr key={id}>
              <th scope="row">
                <a href={`#/machines/${encodeURIComponent(id)}`}>{id}</a>
              </th>
              <td>{profile ?? 'none'}</td>
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
