/** Lists the machines in pages, by the start of their id, profile and state: the address holds what is asked for. The operator can create a machine here. */
import { useEffect, useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAnswer } from '../client/client.ts';
import { Pager, usePages } from '../widgets/pager.tsx';
import { STATES, StateChip } from '../widgets/state-chip.tsx';
import { When } from '../widgets/when.tsx';
import { Choice, Fault, Field, ScrollBox } from '../widgets/widgets.tsx';
import { IssuedPanel } from './issued-panel.tsx';
import { MachineForm } from './machine-form.tsx';

interface Filter {
  readonly prefix: string;
  readonly profile: string;
  readonly state: string;
}

function filterOf(text: string): Filter {
  const asked = new URLSearchParams(text);
  return { prefix: asked.get('prefix') ?? '', profile: asked.get('profile') ?? '', state: asked.get('state') ?? '' };
}

/** The address of a list, which can be kept and sent to somebody. */
function addressOf(filter: Filter): string {
  const asked = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ''));
  return asked.size === 0 ? '#/machines' : `#/machines?${asked}`;
}

/** Shows one page of the list. It keeps the cursors of the pages before it, so that the operator can go back. */
export function MachinesScreen({ filter: given }: { filter: string }) {
  const filter = filterOf(given);
  const { prefix, state, profile } = filter;
  const pages = usePages();
  const [issued, setIssued] = useState<CallAnswer<'putMachine'> | undefined>(undefined);
  const [isMaking, setMaking] = useState(false);
  useEffect(() => pages.restart(), [given]);
  const ask = (change: Partial<Filter>) => {
    // A letter more is no page to go back to.
    history.replaceState(null, '', addressOf({ ...filter, ...change }));
    dispatchEvent(new HashChangeEvent('hashchange'));
  };
  const isFiltered = prefix !== '' || state !== '' || profile !== '';
  const query = {
    ...(prefix === '' ? {} : { prefix }),
    ...(state === '' ? {} : { state }),
    ...(profile === '' ? {} : { profile }),
    ...pages.query,
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
        <Field label="Id starts with" value={prefix} onValue={(text) => ask({ prefix: text.trim() })} />
        <Field label="Profile" value={profile} onValue={(text) => ask({ profile: text.trim() })} />
        <Choice
          label="State"
          value={state}
          choices={[['', 'all'], ...STATES.map(([name, meaning]) => [name, `${name}: ${meaning}`] as const)]}
          onValue={(name) => ask({ state: name })}
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
      <Pager pages={pages} next={value?.cursor} labels={['Previous page', 'Next page']} />
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
              <td>
                <When at={lastBoot?.at} none="never" />
              </td>
              <td>{kind}</td>
              <td>{generation}</td>
              <td>
                <When at={expiresAt} none="never" />
              </td>
              <td>
                <When at={updatedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}
