/** Lists the tokens. The holder of the operator token makes and ends them here. */
import { useState } from 'preact/hooks';
import type { CallAnswer, CallInput } from '../../api/api-client.ts';
import { useAction, useAnswer } from '../client/client.ts';
import { NewForm } from '../widgets/new-form.tsx';
import { Pager, usePages } from '../widgets/pager.tsx';
import { When } from '../widgets/when.tsx';
import { Confirm, Copy, Fault, Field, Loading, ScrollBox } from '../widgets/widgets.tsx';

type Wish = CallInput<'putToken'>['body'];
type Word = Wish['may'][number];

/** What a token may do, as the API names it, and what that is. */
const WORDS: readonly (readonly [word: Word, meaning: string])[] = [
  ['read', 'see everything but configs and secrets'],
  ['machines', 'change machines and fleets'],
  ['profiles', 'change profiles'],
  ['mirror', 'start and cancel mirror jobs'],
  ['release', 'pin and quarantine releases'],
  ['secrets', 'see configs and make boot URLs'],
];
const DAY_SECONDS = 86_400;

/** Shows a page of tokens and the form for a new one. */
export function TokensScreen() {
  const pages = usePages();
  const { value, fault, reload } = useAnswer('listTokens', { query: pages.query });
  const [made, setMade] = useState<CallAnswer<'putToken'> | undefined>(undefined);
  const [ending, setEnding] = useState<string | undefined>(undefined);
  const action = useAction();
  const end = async (name: string) => {
    if ((await action.run('revokeToken', { params: { name } })) !== undefined) await reload();
  };
  return (
    <>
      <h1>Tokens</h1>
      <p>A token is for a program. It may do what it says here and nothing else.</p>
      <NewToken
        onMade={async (answer) => {
          setMade(answer);
          await reload();
        }}
      />
      {made?.token === undefined || made.token === null ? null : (
        <section class="panel" aria-label={`Token ${made.name}`}>
          <h2>Token {made.name}</h2>
          <p>It is shown this once. Whoever has it can do what it may do.</p>
          <div class="secret">
            <code class="wrap">{made.token}</code>
            <Copy text={made.token} what={made.name} />
          </div>
        </section>
      )}
      <Fault text={fault ?? action.fault} />
      <Loading of={{ value, fault }} />
      {value?.items.length === 0 ? <p>There is no token yet.</p> : null}
      {value === undefined || value.items.length === 0 ? null : (
        <ScrollBox label="Tokens">
          <table>
            <thead>
              <tr>
                {['Name', 'May', 'Only names that begin with', 'Made', 'Ends', ''].map((text) => (
                  <th key={text} scope="col">
                    {text === '' ? <span class="seen-not">Actions</span> : text}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {value.items.map(({ name, may, prefix, createdAt, createdBy, expiresAt }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{may.join(', ')}</td>
                  <td>{prefix ?? 'all'}</td>
                  <td>
                    <When at={createdAt} /> by {createdBy}
                  </td>
                  <td>
                    <When at={expiresAt} none="never" />
                  </td>
                  <td>
                    <button type="button" class="danger" disabled={action.isBusy} onClick={() => setEnding(name)}>
                      End it<span class="seen-not"> {name}</span>
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
      {value?.unreadable?.map(({ id, reason }) => (
        <Fault key={id} text={`${id} cannot be read: ${reason}`} />
      ))}
      <Pager pages={pages} next={value?.cursor} labels={['Previous page', 'Next page']} />
      {ending === undefined ? null : (
        <Confirm
          title={`End the token ${ending}?`}
          text="Programs that use it are refused from then on."
          confirm="End it"
          typed={ending}
          onConfirm={() => void end(ending)}
          onClose={() => setEnding(undefined)}
        />
      )}
    </>
  );
}

function NewToken({ onMade }: { onMade: (answer: CallAnswer<'putToken'>) => Promise<void> }) {
  const [may, setMay] = useState<readonly Word[]>(['read']);
  const [prefix, setPrefix] = useState('');
  const [days, setDays] = useState('90');
  const action = useAction();
  const make = async (name: string) => {
    const body = {
      may: [...may],
      ...(prefix.trim() === '' ? {} : { prefix: prefix.trim() }),
      ...(days.trim() === '' ? {} : { expiresIn: Math.round(Number(days) * DAY_SECONDS) }),
    };
    const answer = await action.run('putToken', { params: { name }, body, ifNoneMatch: '*' });
    if (answer === undefined) return false;
    await onMade(answer);
    return true;
  };
  return (
    <NewForm
      what="token"
      button="Make token"
      action={action}
      taken="end it first, or take another name"
      isReady={may.length > 0}
      onMake={make}
    >
      <Field label="Only names that begin with" value={prefix} onValue={setPrefix} />
      <Field label="Ends after days" hint="(empty: never)" value={days} onValue={setDays} />
      <fieldset>
        <legend>It may</legend>
        {WORDS.map(([word, meaning]) => (
          <label key={word} class="check">
            <input
              type="checkbox"
              checked={may.includes(word)}
              onChange={({ currentTarget }) =>
                setMay(currentTarget.checked ? [...may, word] : may.filter((one) => one !== word))
              }
            />
            <span>
              {word} <span class="faint">{meaning}</span>
            </span>
          </label>
        ))}
      </fieldset>
    </NewForm>
  );
}
