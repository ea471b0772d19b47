/** Lists the URLs of a machine by number, so that one that leaked can be ended without the others. */
import { useState } from 'preact/hooks';
import { useAction, useAnswer } from '../client/client.ts';
import { When } from '../widgets/when.tsx';
import { Chip, Confirm, Fault, ScrollBox } from '../widgets/widgets.tsx';

const TONES = { live: 'good', ended: '', revoked: 'bad' } as const;

/** Shows the list. What a URL is was told when it was given out. */
export function UrlsPanel({ id }: { id: string }) {
  const { value, fault, reload } = useAnswer('listUrls', { params: { id } });
  const action = useAction();
  const [asked, setAsked] = useState<number | undefined>(undefined);
  const revoke = async (number: number) => {
    if ((await action.run('revokeUrl', { params: { id, number: String(number) } })) !== undefined) await reload();
  };
  return (
    <>
      <h2>Its URLs</h2>
      <Fault text={fault ?? action.fault} />
      {value === undefined ? null : (
        <ScrollBox label={`URLs given out for ${id}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Number</th>
                <th scope="col">Given out</th>
                <th scope="col">Ends</th>
                <th scope="col">State</th>
                <th scope="col">
                  <span class="seen-not">What can be done</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {value.items.map(({ number, at, expiresAt, state }) => (
                <tr key={number}>
                  <th scope="row">{number}</th>
                  <td>
                    <When at={at} />
                  </td>
                  <td>
                    <When at={expiresAt} none="never" />
                  </td>
                  <td>
                    <Chip tone={TONES[state]}>{state}</Chip>
                  </td>
                  <td>
                    {state === 'live' ? (
                      <button type="button" class="danger" disabled={action.isBusy} onClick={() => setAsked(number)}>
                        Revoke<span class="seen-not"> URL {number}</span>
                      </button>
                    ) : null}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
      {value?.hasOlder ? (
        <p class="faint">Older ones than these may still answer. “Revoke all URLs” ends them.</p>
      ) : null}
      {asked === undefined ? null : (
        <Confirm
          title={`Revoke URL ${asked} of ${id}?`}
          text="A machine that boots with it gets no config from then on. The other URLs stay as they are. Another one takes the place of the newest."
          confirm="Revoke it"
          onConfirm={() => void revoke(asked)}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  );
}
