/** Shows what holds an alias or a ring back from a release, and lets the operator overrule it. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAction } from '../client/client.ts';
import { When } from '../widgets/when.tsx';
import { Confirm, Fault } from '../widgets/widgets.tsx';

type Alias = CallAnswer<'listAliases'>['items'][number];
type Hold = Alias['holds'][number];

/** Shows the holds of all aliases; nothing where there are none. */
export function Holds({ aliases, onChanged }: { aliases: readonly Alias[]; onChanged: () => Promise<void> }) {
  const { isBusy, fault, run } = useAction();
  const [asked, setAsked] = useState<{ readonly alias: Alias; readonly hold: Hold } | undefined>(undefined);
  const held = aliases.flatMap((alias) => alias.holds.map((hold) => ({ alias, hold })));
  if (held.length === 0) return null;
  const lift = async () => {
    if (asked === undefined) return;
    const { channel, board, alias } = asked.alias;
    const params = { channel, board, alias };
    if ((await run('liftHold', { params, body: { version: asked.hold.version } })) !== undefined) await onChanged();
  };
  return (
    <section class="panel" aria-label="Held back">
      <div class="head">
        <h2>Held back</h2>
      </div>
      <Fault text={fault} />
      <ul class="plain">
        {held.map(({ alias, hold }) => (
          <li key={`${alias.channel}/${alias.board}/${alias.alias}/${hold.version}`}>
            <p class="notice warn">
              {alias.channel} {alias.board} {alias.alias}: {hold.text}. Since <When at={hold.since} />.
            </p>
            {(hold.causes ?? []).map(({ cause, count, examples }) => (
              <p key={cause} class="faint">
                {count} × {cause} ({examples.join(', ')})
              </p>
            ))}
            <button type="button" disabled={isBusy} onClick={() => setAsked({ alias, hold })}>
              Let it move
              <span class="seen-not">
                : {alias.alias} to {hold.version}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {asked === undefined ? null : (
        <Confirm
          title={`Let ${asked.alias.alias} of ${asked.alias.channel} ${asked.alias.board} move to ${asked.hold.version}?`}
          text={`${asked.hold.text}. An alias moves at once, and a ring when it is its time.`}
          confirm="Let it move"
          onConfirm={() => void lift()}
          onClose={() => setAsked(undefined)}
        />
      )}
    </section>
  );
}
