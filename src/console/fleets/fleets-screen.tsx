/** Lists the fleets, each of which is one URL for a room of machines. */
import { useAction, useAnswer } from '../client/client.ts';
import { NewForm } from '../widgets/new-form.tsx';
import { When } from '../widgets/when.tsx';
import { Fault, Loading } from '../widgets/widgets.tsx';
import { FleetPanel } from './fleet-panel.tsx';

/** Shows the list, and the fleet that the address names. */
export function FleetsScreen({ named }: { named: string }) {
  const { value, fault, reload } = useAnswer('listFleets', {});
  return (
    <>
      <h1>Fleets</h1>
      <NewFleet onMade={reload} />
      <Fault text={fault} />
      <Loading of={{ value, fault }} />
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
  const action = useAction();
  const make = async (name: string) => {
    if ((await action.run('putFleet', { params: { name }, body: {}, ifNoneMatch: '*' })) === undefined) return false;
    await onMade();
    location.hash = `#/fleets/${encodeURIComponent(name)}`;
    return true;
  };
  return <NewForm what="fleet" button="Create fleet" action={action} taken="open it in the list" onMake={make} />;
}
