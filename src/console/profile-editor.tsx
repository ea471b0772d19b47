/**
 * Edits a profile: its engine, its base and its default. The operator can try a change first, and sees which machines
 * it would break.
 */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../api/api-client.ts';
import { type Action, useAction, useAnswer } from './client.ts';
import { ConfigEditor, EntryList, type Format } from './config-editor.tsx';
import { Choice, Confirm, Fault } from './widgets.tsx';

type Profile = CallAnswer<'getProfile'>;
type Change = CallAnswer<'putProfileBase'>;
type Layer = 'base' | 'default';

interface ProfileEditorProps {
  readonly name: string;
  readonly onChanged: () => Promise<void>;
}

/** Shows the editor of one profile. Each layer is saved separately. */
export function ProfileEditor({ name, onChanged }: ProfileEditorProps) {
  const { value: profile, fault, reload } = useAnswer('getProfile', { params: { name } });
  const action = useAction();
  const [isAsking, setAsking] = useState(false);
  const changed = async () => {
    await reload();
    await onChanged();
  };
  const setEngine = async (engine: string) => {
    const body = { engine: engine === 'legacy' ? ('legacy' as const) : ('ignition' as const) };
    if ((await action.run('putProfile', { params: { name }, body })) !== undefined) await changed();
  };
  const remove = async () => {
    if ((await action.run('deleteProfile', { params: { name } })) === undefined) return;
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
          value={profile.engine}
          choices={[
            ['ignition', 'ignition (Flatcar since 2022)'],
            ['legacy', 'legacy (Ignition 0.36)'],
          ]}
          onValue={(engine) => void setEngine(engine)}
        />
        <button type="button" class="danger" onClick={() => setAsking(true)}>
          Delete
        </button>
      </div>
      <Fault text={fault ?? action.fault} />
      {(['base', 'default'] as const).map((layer) => (
        <LayerEditor key={layer} profile={profile} layer={layer} onChanged={changed} />
      ))}
      {isAsking ? (
        <Confirm
          title={`Delete profile ${name}?`}
          text="Its base and default are gone. A profile that machines use is not deleted."
          confirm="Delete it"
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

interface LayerEditorProps {
  readonly profile: Profile;
  readonly layer: Layer;
  readonly onChanged: () => Promise<void>;
}

function LayerEditor({ profile, layer, onChanged }: LayerEditorProps) {
  const { name } = profile;
  const [text, setText] = useState(profile[layer] ?? '');
  const [format, setFormat] = useState<Format>('auto');
  const [effect, setEffect] = useState<Change | undefined>(undefined);
  const action = useAction();
  const save = async (isDryRun: boolean) => {
    const change = await write(action, name, layer, text, format, isDryRun);
    setEffect(change);
    if (change !== undefined && !isDryRun) await onChanged();
  };
  return (
    <form
      aria-label={`${layer} of ${name}`}
      onSubmit={(event) => {
        event.preventDefault();
        void save(false);
      }}
    >
      <ConfigEditor
        label={MEANINGS[layer]}
        text={text}
        onText={setText}
        format={format}
        onFormat={setFormat}
        engine={profile.engine}
        isUserData={false}
      />
      <Fault text={action.fault} />
      {effect === undefined ? null : <Effect change={effect} />}
      <div class="row">
        <button type="submit" class="primary" disabled={action.isBusy}>
          Save {layer}
        </button>
        <button type="button" disabled={action.isBusy} onClick={() => void save(true)}>
          Try {layer} on the machines
        </button>
      </div>
    </form>
  );
}

/** Writes a layer, or deletes it when the text is empty. Returns the effect on the machines, or `undefined`. */
async function write(action: Action, name: string, layer: Layer, text: string, format: Format, isDryRun: boolean) {
  const params = { name };
  const query = { ...(isDryRun ? { dry_run: '1' as const } : {}), ...(format === 'ct' ? { format } : {}) };
  if (text.trim() === '') {
    const call = layer === 'base' ? 'deleteProfileBase' : 'deleteProfileDefault';
    return await action.run(call, { params, query: isDryRun ? { dry_run: '1' } : {} });
  }
  return await action.run(layer === 'base' ? 'putProfileBase' : 'putProfileDefault', { params, query, body: text });
}

function Effect({ change: { dryRun, checked, breaks, cursor, entries } }: { change: Change }) {
  const outcome = dryRun ? 'Nothing was stored' : 'Saved';
  const more = cursor === null ? '' : ', and there are more';
  return (
    <div role="status">
      <p class={`notice ${breaks.length === 0 ? 'good' : 'bad'}`}>
        {outcome}: {checked} machines looked at{more}, {breaks.length} would not boot any more.
      </p>
      <EntryList entries={entries} />
      <ul class="entries">
        {breaks.map(({ id, entries: why }) => (
          <li key={id} class="error">
            <b>{id}</b> <code>{why[0]?.path}</code> {why[0]?.message}
          </li>
        ))}
      </ul>
    </div>
  );
}
