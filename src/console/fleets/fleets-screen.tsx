/** Lists the fleets, each of which is one URL for a room of machines. */
import { useState } from 'preact/hooks';
import { isOvertaken, useAction, useAnswer } from '../client/client.ts';
import { When } from '../widgets/when.tsx';
import { Fault, Field } from '../widgets/widgets.tsx';
import { FleetPanel } from './fleet-panel.tsx';

/** Shows the list, and the fleet that the address names. */
export function FleetsScreen({ named }: { named: string }) {
  const { value, fault, reload } = useAnswer('listFleets', {});
  return (
    <>
      <h1>Fleets</h1>
      <NewFleet onMade={reload} />
      <Fault text={fault} />
      {value?.items.length === 0 ? (
        <p>There is no fleet yet. A fleet is one URL for a room of machines: each says what its hardware is.</p>
      ) : null}
      <ul class="list">
        {value?.items.map(({ name, generation, updatedAt }) => (
          <li key={name}>
            <a href={`#/fleets/${encodeURIComponent(name)}`} aria-current={name === named ? 'true' : undefined}>
              {name}
            </a>
            <span class="faint">
              generation {generation}, <When at={updatedAt} />
            </span>
          </li>
        ))}
      </ul>
      {named === '' ? null : <FleetPanel key={named} name={named} onChanged={reload} />}
    </>
  );
}

function NewFleet({ onMade }: { onMade: () => Promise<void> }) {
  const [name, setName] = useState('');
  const { isBusy, fault, refusal, run, forget } = useAction();
  const make = async () => {
    const fleet = name.trim();
    if ((await run('putFleet', { params: { name: fleet }, body: {}, ifNoneMatch: '*' })) === undefined) return;
    setName('');
    await onMade();
    location.hash = `#/fleets/${encodeURIComponent(fleet)}`;
  };
  return (
    <form
      class="panel"
      aria-label="New fleet"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <div class="fields">
        <Field
          label="Name"
          value={name}
          onValue={(text) => {
            setName(text);
            forget();
          }}
          required
        />
        <button type="submit" class="primary" disabled={isBusy}>
          Create fleet
        </button>
      </div>
      <Fault text={isOvertaken(refusal) ? `${name.trim()} exists already: open it in the list.` : fault} />
    </form>
  );
}
