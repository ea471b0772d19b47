/** Lists what every alias serves, and why. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAction } from '../client/client.ts';
import { When } from '../widgets/when.tsx';
import { Confirm, Fault, Table } from '../widgets/widgets.tsx';

type Alias = CallAnswer<'listAliases'>['items'][number];

const FROM = {
  pin: 'its pin',
  mirror: 'the newest release here',
  ring: 'what it follows',
  upstream: 'upstream',
} as const;

interface Unpinning {
  readonly alias: Alias;
  /** What it would serve. */
  readonly after?: string;
  /** What the gate says against that. */
  readonly against?: string;
}

/** Shows the table, from which a pinned alias can be unpinned. */
export function Aliases({ aliases, onChanged }: { aliases: readonly Alias[]; onChanged: () => Promise<void> }) {
  const { isBusy, fault, run, runGated } = useAction();
  const [question, setQuestion] = useState<Unpinning | undefined>(undefined);
  const ask = async (alias: Alias) => {
    const params = { channel: alias.channel, board: alias.board, alias: alias.alias };
    const dry = await runGated('unpinAlias', { params, query: { dry_run: '1' } });
    if (dry === undefined) return;
    setQuestion('wouldBreak' in dry ? { alias, against: dry.wouldBreak } : { alias, after: dry.version ?? 'nothing' });
  };
  const unpin = async ({ alias: { channel, board, alias }, against }: Unpinning) => {
    const query = against === undefined ? {} : { force: '1' as const };
    if ((await run('unpinAlias', { params: { channel, board, alias }, query })) !== undefined) await onChanged();
  };
  return (
    <>
      <h2>Aliases</h2>
      <Fault text={fault} />
      <Table label="Aliases" columns={['Alias', 'Serves now', 'Published', 'Floor', 'Pin', 'Since']}>
        {aliases.map((alias) => (
          <tr key={`${alias.channel}/${alias.board}/${alias.alias}`}>
            <th scope="row">
              {alias.channel} {alias.board} {alias.alias}
            </th>
            <td>
              {alias.version === null ? (alias.fault ?? 'nothing') : alias.version}
              {alias.from === null ? '' : `, by ${FROM[alias.from]}`}
            </td>
            <td>{alias.published ?? 'nothing'}</td>
            <td>{alias.floor ?? 'none'}</td>
            <td>
              {alias.pin === null ? (
                'none'
              ) : (
                <span class="row">
                  {alias.pin}
                  <button type="button" disabled={isBusy} onClick={() => void ask(alias)}>
                    Unpin<span class="seen-not"> {alias.alias}</span>
                  </button>
                </span>
              )}
            </td>
            <td>
              <When at={alias.since} />
            </td>
          </tr>
        ))}
      </Table>
      {question === undefined ? null : (
        <Confirm
          title={`Unpin ${question.alias.alias} of ${question.alias.channel} ${question.alias.board}?`}
          text={
            question.against ??
            `It serves ${question.alias.version ?? 'nothing'} now, and ${question.after} from then on.`
          }
          confirm={question.against === undefined ? 'Unpin it' : 'Unpin it all the same'}
          {...(question.against === undefined ? {} : { typed: question.alias.alias })}
          onConfirm={() => void unpin(question)}
          onClose={() => setQuestion(undefined)}
        />
      )}
    </>
  );
}
