/** Does one thing to every machine that was chosen, one after another, and says which of them it could not be done to. */
import { useState } from 'preact/hooks';
import type { ApiClient, CallOutcome } from '../../api/api-client.ts';
import { faultText, useClient } from '../client/client.ts';
import { Confirm, Fault, Field } from '../widgets/widgets.tsx';

interface BulkActsProps {
  /** Ids. */
  readonly chosen: readonly string[];
  readonly onDone: () => void;
}

type Act = 'profiles' | 'revoke' | 'delete';

/** What a question asks, and what its button says. */
const QUESTIONS: Readonly<Record<Act, { readonly verb: string; readonly text: string }>> = {
  profiles: {
    verb: 'Set the profiles of',
    text: 'Each merges with these from its next boot on. One that would not boot is left as it is.',
  },
  revoke: {
    verb: 'Revoke all URLs of',
    text: 'The URLs that they have answer 410: a machine that boots with one of them gets no config. New ones are made, and shown on the page of each.',
  },
  delete: { verb: 'Delete', text: 'Their user data is gone, and their URLs answer 410 for ever.' },
};

/** Shows the buttons while something is chosen, and how far an act is. */
export function BulkActs({ chosen, onDone }: BulkActsProps) {
  const client = useClient();
  const [asked, setAsked] = useState<Act | undefined>(undefined);
  const [profiles, setProfiles] = useState('');
  const [progress, setProgress] = useState<string | undefined>(undefined);
  const [done, setDone] = useState<string | undefined>(undefined);
  const [failed, setFailed] = useState<readonly string[]>([]);
  const act = async (what: Act) => {
    const names = profiles.split(',').map((name) => name.trim());
    const faults: string[] = [];
    for (const [index, id] of chosen.entries()) {
      setProgress(`${index} of ${chosen.length} done`);
      const outcome = await doTo(
        client,
        what,
        id,
        names.filter((name) => name !== ''),
      );
      if (!outcome.ok) faults.push(`${id}: ${faultText(outcome.error)}`);
    }
    setProgress(undefined);
    setDone(`Done for ${chosen.length - faults.length} of ${chosen.length}.`);
    setFailed(faults);
    onDone();
  };
  const count = chosen.length === 1 ? '1 machine' : `${chosen.length} machines`;
  return (
    <>
      {chosen.length === 0 ? null : (
        <section class="row" aria-label={`What to do with ${count}`}>
          <span>{progress ?? `${count} chosen`}</span>
          {(['profiles', 'revoke', 'delete'] as const).map((what) => (
            <button
              key={what}
              type="button"
              class={what === 'profiles' ? '' : 'danger'}
              disabled={progress !== undefined}
              onClick={() => setAsked(what)}
            >
              {QUESTIONS[what].verb} {count}
            </button>
          ))}
        </section>
      )}
      {done === undefined ? null : (
        <p class="notice good" role="status">
          {done}
        </p>
      )}
      {failed.map((text) => (
        <Fault key={text} text={text} />
      ))}
      {asked === undefined ? null : (
        <Confirm
          title={`${QUESTIONS[asked].verb} ${count}?`}
          text={`${asked === 'profiles' && profiles.trim() === '' ? 'With no name in the field they merge with no profile at all.' : QUESTIONS[asked].text} ${named(chosen)}`}
          confirm={`${QUESTIONS[asked].verb} ${count}`}
          {...(asked === 'profiles' && profiles.trim() !== '' ? {} : { typed: count })}
          onConfirm={() => void act(asked)}
          onClose={() => setAsked(undefined)}
        >
          {asked === 'profiles' ? (
            <Field
              label="Profiles"
              hint="(by comma, in the order in which they merge)"
              value={profiles}
              onValue={setProfiles}
            />
          ) : null}
        </Confirm>
      )}
    </>
  );
}

async function doTo(client: ApiClient, what: Act, id: string, profiles: string[]): Promise<CallOutcome<unknown>> {
  const params = { id };
  if (what === 'delete') return await client.call('deleteMachine', { params });
  if (what === 'revoke') return await client.call('issueToken', { params, body: { revoke: true } });
  return await client.call('patchMachine', { params, body: { profiles } });
}

/** A reader checks the first few, and how many more there are. */
const MOST_NAMED = 8;
const named = (ids: readonly string[]): string =>
  ids.length <= MOST_NAMED
    ? `${ids.join(', ')}.`
    : `${ids.slice(0, MOST_NAMED).join(', ')} and ${ids.length - MOST_NAMED} more.`;
