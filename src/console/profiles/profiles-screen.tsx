/** Lists the profiles, which hold what several machines have in common. */
import { useAction, useAnswer } from '../client/client.ts';
import { NewForm } from '../widgets/new-form.tsx';
import { When } from '../widgets/when.tsx';
import { Fault, Loading } from '../widgets/widgets.tsx';
import { ProfileEditor } from './profile-editor.tsx';

/** Shows the list, and the editor of the profile that the address names. */
export function ProfilesScreen({ named }: { named: string }) {
  const { value, fault, reload } = useAnswer('listProfiles', {});
  return (
    <>
      <h1>Profiles</h1>
      <NewProfile onMade={reload} />
      <Fault text={fault} />
      <Loading of={{ value, fault }} />
      {value?.items.length === 0 ? <p>There is no profile yet.</p> : null}
      <ul class="list">
        {value?.items.map(({ name, engine, generation, updatedAt }) => (
          <li key={name}>
            <a href={`#/profiles/${encodeURIComponent(name)}`} aria-current={name === named ? 'true' : undefined}>
              {name}
            </a>
            <span class="faint">
              engine {engine}, generation {generation}, <When at={updatedAt} />
            </span>
          </li>
        ))}
      </ul>
      {named === '' ? null : <ProfileEditor key={named} name={named} onChanged={reload} />}
    </>
  );
}

function NewProfile({ onMade }: { onMade: () => Promise<void> }) {
  const action = useAction();
  const make = async (name: string) => {
    const asked = { params: { name }, body: { engine: 'ignition' as const }, ifNoneMatch: '*' };
    if ((await action.run('putProfile', asked)) === undefined) return false;
    await onMade();
    location.hash = `#/profiles/${encodeURIComponent(name)}`;
    return true;
  };
  return <NewForm what="profile" button="Create profile" action={action} taken="open it in the list" onMake={make} />;
}
