/** Lists the machines in pages, by the start of their id, profile and state: the address holds what is asked for. The operator can create a machine here. */
import { useEffect, useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAnswer } from '../client/client.ts';
import { Pager, usePages } from '../widgets/pager.tsx';
import { STATES } from '../widgets/state-chip.tsx';
import { Choice, Fault, Field, Loading } from '../widgets/widgets.tsx';
import { BulkActs } from './bulk-acts.tsx';
import { IssuedPanel } from './issued-panel.tsx';
import { MachineCounts, useCounts } from './machine-counts.tsx';
import { MachineForm } from './machine-form.tsx';
import { MachineTable } from './machine-table.tsx';

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
  const [round, setRound] = useState(0);
  const [isMaking, setMaking] = useState(false);
  const [chosen, setChosen] = useState<readonly string[]>([]);
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
  const counted = useCounts({ ...(prefix === '' ? {} : { prefix }), ...(profile === '' ? {} : { profile }) }, round);
  const reloadAll = () => {
    setRound(round + 1);
    void reload();
  };
  // What is not shown any more must not be acted on.
  const present = chosen.filter((id) => value?.items.some((machine) => machine.id === id));
  const made = (answer: CallAnswer<'putMachine'>) => {
    setIssued(answer);
    setMaking(false);
    reloadAll();
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
      <MachineCounts counted={counted} addressOf={(name) => addressOf({ ...filter, state: name })} />
      <Fault text={fault} />
      <Loading of={{ value, fault }} />
      {value?.items.length === 0 ? (
        <p>
          {isFiltered ? 'No machine fits these fields' : 'There is no machine yet'}
          {value.cursor === null ? '.' : ': the next page looks at more of them.'}
        </p>
      ) : null}
      {value === undefined || fault !== undefined || value.items.length === 0 ? null : (
        <>
          <BulkActs chosen={present} onDone={reloadAll} />
          <MachineTable machines={value.items} chosen={present} onChosen={setChosen} />
        </>
      )}
      {value?.unreadable?.map(({ id, reason }) => (
        <Fault key={id} text={`${id} cannot be read: ${reason}`} />
      ))}
      <Pager pages={pages} next={value?.cursor} labels={['Previous page', 'Next page']} />
    </>
  );
}
