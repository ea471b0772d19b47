/** Shows the machines of a fleet that wait, and makes machines of them. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAction, useAnswer } from '../client/client.ts';
import { When } from '../widgets/when.tsx';
import { Chip, Fault, Field, type Tone } from '../widgets/widgets.tsx';

type Waiting = CallAnswer<'listWaiting'>['items'][number];

const TONES: Readonly<Record<Waiting['state'], Tone>> = {
  ...{ waiting: '', limit: 'warn', contradiction: 'bad', problem: 'bad' },
};

/** Shows the room. It is loaded again every 10 seconds. */
export function WaitingRoom({ fleet }: { fleet: string }) {
  const { value, fault, reload } = useAnswer('listWaiting', { params: { name: fleet } }, 10);
  return (
    <section aria-label="Waiting room">
      <h3>Waiting room</h3>
      <Fault text={fault} />
      {value?.items.length === 0 ? <p>No machine waits.</p> : null}
      <ul class="list">
        {value?.items.map((machine) => (
          <li key={machine.key}>
            <One fleet={fleet} machine={machine} onMade={reload} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface OneProps {
  readonly fleet: string;
  readonly machine: Waiting;
  readonly onMade: () => Promise<void>;
}

function One({ fleet, machine, onMade }: OneProps) {
  const { key, state, detail, identities, labels, firstAt, lastAt } = machine;
  const [isOpen, setOpen] = useState(false);
  const says = [
    ...Object.entries(identities).map(([kind, values]) => `${kind} ${(values ?? []).join(', ')}`),
    ...Object.entries(labels).map(([name, value]) => `${name}=${value}`),
  ];
  return (
    <>
      <div class="row">
        <strong>{says.join(', ')}</strong>
        <Chip tone={TONES[state]}>{state}</Chip>
        <span class="faint">
          first asked <When at={firstAt} />, last <When at={lastAt} />
        </span>
        <button type="button" onClick={() => setOpen(!isOpen)} aria-expanded={isOpen}>
          Make a machine of it<span class="seen-not"> {key}</span>
        </button>
      </div>
      {detail === null ? null : <p class="notice bad">{detail}</p>}
      {isOpen ? <Assign fleet={fleet} waiting={key} onMade={onMade} /> : null}
    </>
  );
}

/** What is left empty is as the fleet says. */
function Assign({ fleet, waiting, onMade }: { fleet: string; waiting: string; onMade: () => Promise<void> }) {
  const [id, setId] = useState('');
  const [profiles, setProfiles] = useState('');
  const [hostname, setHostname] = useState('');
  const { isBusy, fault, run } = useAction();
  const make = async () => {
    const names = profiles.split(',').map((name) => name.trim());
    const body = {
      ...(id.trim() === '' ? {} : { id: id.trim() }),
      ...(profiles.trim() === '' ? {} : { profiles: names.filter((name) => name !== '') }),
      ...(hostname.trim() === '' ? {} : { hostname: hostname.trim() }),
    };
    if ((await run('assignWaiting', { params: { name: fleet, key: waiting }, body })) !== undefined) await onMade();
  };
  return (
    <form
      aria-label={`Machine of ${waiting}`}
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <div class="fields">
        <Field label="Id" hint="(optional)" value={id} onValue={setId} />
        <Field label="Profiles" hint="(by comma; as the fleet says)" value={profiles} onValue={setProfiles} />
        <Field label="Host name" hint="(optional)" value={hostname} onValue={setHostname} />
        <button type="submit" class="primary" disabled={isBusy}>
          Make it
        </button>
      </div>
      <Fault text={fault} />
    </form>
  );
}
