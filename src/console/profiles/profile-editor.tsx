/** Edits a profile: its engine, its base and its default. */
import { useState } from 'preact/hooks';
import { useAction, useAnswer } from '../client/client.ts';
import { forgetDraft } from '../editor/drafts.ts';
import { Choice, Confirm, Fault } from '../widgets/widgets.tsx';
import { type Layer, LayerEditor } from './layer-editor.tsx';
import { ProfileSettings } from './profile-settings.tsx';

interface ProfileEditorProps {
  readonly name: string;
  readonly onChanged: () => Promise<void>;
}

/** Shows the editor of one profile. Each layer is saved separately. */
export function ProfileEditor({ name, onChanged }: ProfileEditorProps) {
  const { value: profile, etag, fault, reload } = useAnswer('getProfile', { params: { name } });
  const action = useAction();
  const [isAsking, setAsking] = useState(false);
  const changed = async () => {
    await reload();
    await onChanged();
  };
  const [engine, setEngine] = useState<'ignition' | 'legacy' | undefined>(undefined);
  const saveEngine = async () => {
    if (engine === undefined) return;
    const asked = { params: { name }, body: { engine }, ifMatch: etag };
    if ((await action.run('patchProfile', asked)) !== undefined) await changed();
    setEngine(undefined);
  };
  const remove = async () => {
    if ((await action.run('deleteProfile', { params: { name }, ifMatch: etag })) === undefined) return;
    for (const layer of ['base', 'default']) forgetDraft(`profile/${name}/${layer}`);
    await onChanged();
    location.hash = '#/profiles';
  };
  if (profile === undefined) return <Fault text={fault} />;
  return (
    <section class="panel" aria-label={`Profile ${name}`}>
      <div class="head">
        <h2>{name}</h2>
        <Choice
          label="Engine"
          value={engine ?? profile.engine}
          choices={[
            ['ignition', 'ignition (Flatcar since 2022)'],
            ['legacy', 'legacy (Ignition 0.36)'],
          ]}
          onValue={(chosen) => setEngine(chosen === 'legacy' ? 'legacy' : 'ignition')}
        />
        {engine === undefined || engine === profile.engine ? null : (
          <button type="button" class="primary" disabled={action.isBusy} onClick={() => void saveEngine()}>
            Save engine {engine}
          </button>
        )}
        <button type="button" class="danger" onClick={() => setAsking(true)}>
          Delete
        </button>
      </div>
      <Fault text={fault ?? action.fault} />
      <ProfileSettings key={profile.generation} profile={profile} etag={etag} onChanged={changed} />
      {(['base', 'default'] as const).map((layer) => (
        <LayerEditor key={layer} profile={profile} layer={layer} meaning={MEANINGS[layer]} onChanged={changed} />
      ))}
      {isAsking ? (
        <Confirm
          title={`Delete profile ${name}?`}
          text="Its base and default are gone. A profile that machines use is not deleted."
          confirm="Delete it"
          typed={name}
          onConfirm={() => void remove()}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </section>
  );
}

const MEANINGS: Readonly<Record<Layer, string>> = {
  base: 'base, put before the user data of every machine',
  default: 'default, where the user data holds no Ignition config',
};
