/** Shows what was announced, and how each receiver gets on. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAction, useAnswer } from '../client/client.ts';
import { Pager, usePages } from '../widgets/pager.tsx';
import { When } from '../widgets/when.tsx';
import { Chip, Fault, Loading, ScrollBox, type Tone } from '../widgets/widgets.tsx';

type Page = CallAnswer<'listAnnouncements'>;
type Delivery = Page['items'][number]['deliveries'][number];

const TONES: Readonly<Record<Delivery['state'], Tone>> = {
  waiting: 'warn',
  delivered: 'good',
  'given-up': 'bad',
  older: '',
};

/** Shows the receivers, then a page of announcements, newest first. */
export function AnnouncementsScreen() {
  const pages = usePages();
  const { value, fault, reload } = useAnswer('listAnnouncements', { query: pages.query }, 15);
  const action = useAction();
  const [sent, setSent] = useState<CallAnswer<'sendAnnouncement'> | undefined>(undefined);
  const send = async (id: string) => {
    setSent(await action.run('sendAnnouncement', { params: { id } }));
    await reload();
  };
  return (
    <>
      <h1>Announcements</h1>
      <Fault text={fault ?? action.fault} />
      <Loading of={{ value, fault }} />
      {value === undefined ? null : <Receivers receivers={value.receivers} />}
      {sent?.results.map(({ url, isTaken, status, detail }) => (
        <p key={url} class={`notice ${isTaken ? 'good' : 'bad'}`} role="status">
          {url} {isTaken ? 'has taken it' : `has not taken it: ${detail ?? status}`}
        </p>
      ))}
      {value?.items.length === 0 ? <p>Nothing was announced in the last 30 days.</p> : null}
      {value === undefined || value.items.length === 0 ? null : (
        <ScrollBox label="Announcements">
          <table>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">What</th>
                <th scope="col">Receivers</th>
                <th scope="col">
                  <span class="seen-not">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {value.items.map(({ id, type, at, deliveries }) => (
                <tr key={id}>
                  <td>
                    <When at={at} />
                  </td>
                  <th scope="row">{type}</th>
                  <td>
                    {deliveries.map((delivery) => (
                      <Chip key={delivery.url} tone={TONES[delivery.state]}>
                        <span title={delivery.detail}>
                          {delivery.url} {delivery.state}
                        </span>
                      </Chip>
                    ))}
                  </td>
                  <td>
                    <button type="button" disabled={action.isBusy} onClick={() => void send(id)}>
                      Send again<span class="seen-not"> {type}</span>
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
      <Pager pages={pages} next={value?.cursor} labels={['Newer', 'Older']} />
    </>
  );
}

/** Says of each receiver whether it takes what it is sent. */
const Receivers = ({ receivers }: Pick<Page, 'receivers'>) =>
  receivers.length === 0 ? (
    <p>No receiver is named: ANNOUNCE_URLS does that.</p>
  ) : (
    <ul class="list">
      {receivers.map(({ url, types, waiting, failures, failingSince, lastFailure, nextAttemptAt }) => (
        <li key={url}>
          <strong>{url}</strong>
          <Chip tone={failures > 0 ? 'bad' : waiting > 0 ? 'warn' : 'good'}>
            {failures > 0 ? 'does not answer' : waiting > 0 ? `${waiting} on the way` : 'has everything'}
          </Chip>
          <span class="faint">{types.join(', ')}</span>
          {failures === 0 ? null : (
            <span>
              {waiting} wait. The first failure was <When at={failingSince} />: {lastFailure}. Next attempt{' '}
              <When at={nextAttemptAt} none="soon" />.
            </span>
          )}
        </li>
      ))}
    </ul>
  );
