/**
 * Edits the base or the default of a profile. The operator can try a change first and sees which machines it would break.
 * Where somebody else has written meanwhile, both texts are shown, and none is lost.
 */
import { useRef, useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { isOvertaken, useAction, useClient } from '../client/client.ts';
import { CodeEditor } from '../editor/code-editor.tsx';
import { ConfigEditor, EntryList } from '../editor/config-editor.tsx';
import { useDraft } from '../editor/drafts.ts';
import type { Format } from '../editor/report.ts';
import { RestoredNotice } from '../editor/restored-notice.tsx';
import { TextDiff } from '../editor/text-diff.tsx';
import { Confirm, Fault } from '../widgets/widgets.tsx';
import { Breaks } from './breaks.tsx';
import { PreviewPanel } from './preview-panel.tsx';
import { CheckProgress } from './profile-check.tsx';

type Profile = CallAnswer<'getProfile'>;
type Change = CallAnswer<'putProfileBase'>;
export type Layer = 'base' | 'default';

interface LayerEditorProps {
  readonly profile: Profile;
  readonly layer: Layer;
  readonly meaning: string;
  readonly onChanged: () => Promise<void>;
}

/** What is stored. */
interface Seen {
  readonly text: string;
  readonly etag: string | null;
}

/** As it was written: a base in Butane is shown as Butane. */
const seenOf = (profile: Profile, layer: Layer): Seen => ({
  text: profile.sources[layer]?.text ?? profile[layer] ?? '',
  etag: profile.etags[layer],
});

/** Shows the editor of one layer. */
export function LayerEditor({ profile, layer, meaning, onChanged }: LayerEditorProps) {
  const { name } = profile;
  const client = useClient();
  const stored = seenOf(profile, layer);
  const format0: Format = profile.sources[layer]?.source === 'ct' ? 'ct' : 'auto';
  const draft = useDraft(`profile/${name}/${layer}`, { text: stored.text, format: format0 }, stored);
  const { text, format } = draft.value;
  const shown = useRef(draft.value);
  shown.current = draft.value;
  const [effect, setEffect] = useState<Change | undefined>(undefined);
  const [theirs, setTheirs] = useState<Seen | undefined>(undefined);
  const [asked, setAsked] = useState<'force' | 'empty' | undefined>(undefined);
  const action = useAction();
  const set = (change: Partial<{ text: string; format: Format }>) => {
    draft.set({ ...draft.value, ...change });
    // What was said of another text says nothing of this one.
    setEffect(undefined);
    action.forget();
  };
  const latest = async (): Promise<Seen | undefined> => {
    const answer = await client.call('getProfile', { params: { name } });
    return answer.ok ? seenOf(answer.value, layer) : undefined;
  };
  /** What was typed while it was saved stays a draft, of what is stored now. */
  const isStored = (saved: string, etag: string | null) => {
    draft.rebase({ etag, text: saved });
    if (shown.current.text === saved) draft.forget();
  };
  const save = async (how: { readonly dry?: boolean; readonly force?: boolean } = {}) => {
    const query = {
      ...(how.dry ? { dry_run: '1' as const } : {}),
      ...(how.force ? { force: '1' as const } : {}),
    };
    const { etag } = draft.base;
    const condition = etag === null || etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag };
    const params = { name };
    const wanted = { params, query: { ...query, ...(format === 'ct' ? { format } : {}) }, body: text, ...condition };
    const change =
      text.trim() === ''
        ? await action.run(layer === 'base' ? 'deleteProfileBase' : 'deleteProfileDefault', {
            ...{ params, query, ...condition },
          })
        : await action.run(layer === 'base' ? 'putProfileBase' : 'putProfileDefault', wanted);
    setEffect(change);
    if (change === undefined || how.dry) return;
    // A check that goes on by itself stores it at its end, or not.
    if (change.change === null) isStored(text, action.lastEtag() ?? null);
    await onChanged();
  };
  const ended = async () => {
    const now = await latest();
    if (now?.text === shown.current.text) isStored(now.text, now.etag);
    await onChanged();
  };
  const compare = async () => setTheirs(await latest());
  const decide = (theirText: Seen, isTaken: boolean) => {
    if (isTaken) draft.set({ ...draft.value, text: theirText.text });
    draft.rebase(theirText);
    if (isTaken) draft.forget();
    setTheirs(undefined);
    action.forget();
  };
  const isRefusedForBreaks = action.refusal?.reason === 'refused' && action.refusal.status === 409;
  return (
    <>
      <form
        aria-label={`${layer} of ${name}`}
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() === '' && stored.text !== '') setAsked('empty');
          else void save();
        }}
      >
        <RestoredNotice
          draft={draft}
          etag={stored.etag}
          onDrop={() => {
            draft.set({ text: stored.text, format: format0 });
            draft.rebase(stored);
            draft.forget();
            setEffect(undefined);
            action.forget();
          }}
        />
        <ConfigEditor
          label={meaning}
          text={text}
          onText={(next) => set({ text: next })}
          format={format}
          onFormat={(next) => set({ format: next })}
          engine={profile.engine}
          isUserData={false}
        />
        {isOvertaken(action.refusal) ? (
          <div class="notice warn" role="alert">
            <p>
              Somebody else has changed the {layer} since it was shown here. Nothing was stored, and your text is still
              in the field.
            </p>
            <button type="button" onClick={() => void compare()}>
              Show their {layer}
            </button>
          </div>
        ) : (
          <Fault text={action.fault} />
        )}
        {theirs === undefined ? null : (
          <section class="panel" aria-label={`The ${layer} that is stored now`}>
            <h3>The {layer} that is stored now</h3>
            {/* Above the texts: these grow while the editor is loaded, and a button must not move away under a pointer. */}
            <div class="row">
              <button type="button" onClick={() => decide(theirs, true)}>
                Take theirs into the field
              </button>
              <button type="button" onClick={() => decide(theirs, false)}>
                Keep mine; the next save replaces theirs
              </button>
            </div>
            <CodeEditor label={`Their ${layer}`} text={theirs.text} />
            <h3>What you changed, beside theirs</h3>
            <div class="side-by-side">
              <section>
                <h4>They changed</h4>
                <TextDiff label={`Their change of the ${layer}`} before={draft.base.text ?? ''} after={theirs.text} />
              </section>
              <section>
                <h4>You changed</h4>
                <TextDiff label={`Your change of the ${layer}`} before={draft.base.text ?? ''} after={text} />
              </section>
            </div>
          </section>
        )}
        {effect === undefined ? null : <Effect change={effect} />}
        {effect?.change === null || effect?.change === undefined ? null : (
          <CheckProgress profile={name} change={effect.change} onEnded={ended} />
        )}
        <div class="row">
          <button type="submit" class="primary" disabled={action.isBusy}>
            Save {layer}
          </button>
          <button type="button" disabled={action.isBusy} onClick={() => void save({ dry: true })}>
            Try {layer} on the machines
          </button>
          {isRefusedForBreaks ? (
            <button type="button" class="danger" disabled={action.isBusy} onClick={() => setAsked('force')}>
              Save {layer} all the same
            </button>
          ) : null}
        </div>
      </form>
      <PreviewPanel profile={name} layer={layer} text={text} format={format} />
      {asked === 'force' ? (
        <Confirm
          title={`Save the ${layer} of ${name} all the same?`}
          text={`${action.fault ?? ''} Machines that do not merge with it get no config until that is mended.`}
          confirm="Save it all the same"
          onConfirm={() => void save({ force: true })}
          onClose={() => setAsked(undefined)}
        />
      ) : null}
      {asked === 'empty' ? (
        <Confirm
          title={`Take the ${layer} of ${name} away?`}
          text={`The field is empty. Machines of ${name} boot without it from then on.`}
          confirm="Take it away"
          typed={name}
          onConfirm={() => void save()}
          onClose={() => setAsked(undefined)}
        />
      ) : null}
    </>
  );
}

function Effect({
  change: { dryRun, isChanged, checked, broken, breaks, cursor, entries, change },
}: {
  change: Change;
}) {
  const outcome =
    change !== null
      ? 'Not stored yet: the other machines are being looked at'
      : dryRun
        ? 'Nothing was stored'
        : isChanged
          ? 'Saved'
          : 'Nothing is different: nothing was written';
  const more = cursor === null ? '' : ', and there are more';
  return (
    <div role="status">
      <p class={`notice ${broken === 0 ? 'good' : 'bad'}`}>
        {outcome}: {checked} machines looked at{more}, {broken} would not boot any more.
      </p>
      <EntryList entries={entries} />
      <Breaks breaks={breaks} />
    </div>
  );
}
