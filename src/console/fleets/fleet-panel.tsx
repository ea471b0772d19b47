/** Shows a fleet: what it says, its URL when one is made, and the machines that wait. */
import { useState } from 'preact/hooks';
import type { CallAnswer, CallInput } from '../../api/api-client.ts';
import { isOvertaken, useAction, useAnswer } from '../client/client.ts';
import { Ending } from '../widgets/ending.tsx';
import { Copy, Fault } from '../widgets/widgets.tsx';
import { WaitingRoom } from './waiting-room.tsx';

type Fleet = CallAnswer<'getFleet'>;

/** Shows the fleet, with the editor of what it says. */
export function FleetPanel({ name, onChanged }: { name: string; onChanged: () => Promise<void> }) {
  const { value, etag, fault, reload } = useAnswer('getFleet', { params: { name } });
  const [url, setUrl] = useState<string | undefined>(undefined);
  const changed = async (ipxe: string | undefined) => {
    setUrl(ipxe);
    await Promise.all([reload(), onChanged()]);
  };
  return (
    <section class="panel" aria-label={`Fleet ${name}`}>
      <h2>{name}</h2>
      <Fault text={fault} />
      {value === undefined ? null : (
        <>
          {url === undefined ? null : (
            <p class="notice good" role="status">
              Give this URL to the room's DHCP server. It is shown this once: <code class="wrap">{url}</code>{' '}
              <Copy text={url} what="the URL of the fleet" />
            </p>
          )}
          <Says key={value.generation} fleet={value} etag={etag} onSaved={changed} />
          <Actions name={name} onUrl={changed} />
          <WaitingRoom fleet={name} />
        </>
      )}
    </section>
  );
}

interface SaysProps {
  readonly fleet: Fleet;
  readonly etag: string | undefined;
  readonly onSaved: (ipxe: string | undefined) => Promise<void>;
}

function Says({ fleet, etag, onSaved }: SaysProps) {
  const { name, generation: _generation, createdAt: _created, updatedAt: _updated, ...says } = fleet;
  const [text, setText] = useState(JSON.stringify(says, null, 2));
  const [bad, setBad] = useState<string | undefined>(undefined);
  const { isBusy, fault, refusal, run } = useAction();
  const save = async () => {
    const body = jsonOf(text);
    setBad(body === undefined ? 'This is no JSON object.' : undefined);
    if (body === undefined) return;
    const asked = { params: { name }, body: body as CallInput<'putFleet'>['body'], ifMatch: etag };
    const saved = await run('putFleet', asked as CallInput<'putFleet'>);
    if (saved !== undefined) await onSaved(saved.urls?.ipxe);
  };
  const overtaken = `Somebody else has changed ${name} since it was shown here. Nothing was changed: copy what you need, and load it again.`;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <label class="field">
        <span>
          What it says{' '}
          <span class="faint">
            (rules take machines in that nobody knows; "unknown" is wait, enrol or refuse for the others)
          </span>
        </span>
        <textarea rows={16} spellcheck={false} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <Fault text={bad ?? (isOvertaken(refusal) ? overtaken : fault)} />
      <button type="submit" class="primary" disabled={isBusy}>
        Save
      </button>
    </form>
  );
}

function jsonOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function Actions({ name, onUrl }: { name: string; onUrl: (ipxe: string | undefined) => Promise<void> }) {
  const { isBusy, fault, run } = useAction();
  const renew = async (revoke: boolean) => {
    const made = await run('issueFleetToken', { params: { name }, body: { revoke } });
    if (made !== undefined) await onUrl(made.urls?.ipxe);
  };
  const remove = async () => {
    if ((await run('deleteFleet', { params: { name } })) === undefined) return;
    location.hash = '#/fleets';
    await onUrl(undefined);
  };
  return (
    <>
      <div class="row">
        <button type="button" disabled={isBusy} onClick={() => void renew(false)}>
          Show a new URL
        </button>
        <Ending
          name={name}
          isBusy={isBusy}
          means={{
            revoke:
              'The older URLs answer 410: no machine of the room boots until its DHCP server has the new one, which is shown.',
            delete: 'Its URLs answer 410. Its machines stay, and boot by their own URLs.',
          }}
          onRevoke={() => void renew(true)}
          onDelete={() => void remove()}
        />
      </div>
      <Fault text={fault} />
    </>
  );
}
