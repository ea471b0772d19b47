/** Lists the profiles, which hold what several machines have in common. */
import { useState } from 'preact/hooks';
import { isOvertaken, useAction, useAnswer } from '../client/client.ts';
import { When } from '../widgets/when.tsx';
import { Fault, Field } from '../widgets/widgets.tsx';
import { ProfileEditor } from './profile-editor.tsx';

/** Shows the list, and the editor of the profile that the address names. */
export function ProfilesScreen({ named }: { named: string }) {
  const { value, fault, reload } = useAnswer('listProfiles', {});
  return (
    <>
      <h1>Profiles</h1>
      <NewProfile onMade={reload} />
      <Fault text={fault} />
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
  const [name, setName] = useState('');
  const { isBusy, fault, refusal, run, forget } = useAction();
  const rename = (text: string) => {
    setName(text);
    forget();
  };
  const make = async () => {
    const profile = name.trim();
    const asked = { params: { name: profile }, body: { engine: 'ignition' as const }, ifNoneMatch: '*' };
    if ((await run('putProfile', asked)) === undefined) return;
    setName('');
    await onMade();
    location.hash = `#/profiles/${encodeURIComponent(profile)}`;
  };
  return (
    <form
      class="panel"
      aria-label="New profile"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <div class="fields">
        <Field label="Name" value={name} onValue={rename} required />
        <button type="submit" class="primary" disabled={isBusy}>
          Create profile
        </button>
      </div>
      <Fault text={isOvertaken(refusal) ? `${name.trim()} exists already: open it in the list.` : fault} />
    </form>
  );
}
