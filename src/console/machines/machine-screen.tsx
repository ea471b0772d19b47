/**
 * Shows a machine: its record, its boots, and the config that it will get. The operator can change or delete the
 * machine here, and make or revoke its URLs.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAction, useAnswer } from '../client/client.ts';
import { EntryList } from '../editor/config-editor.tsx';
import { Ending } from '../widgets/ending.tsx';
import { moment } from '../widgets/show.ts';
import { StateChip } from '../widgets/state-chip.tsx';
import { When } from '../widgets/when.tsx';
import { Fault, Loading, ScrollBox } from '../widgets/widgets.tsx';
import { Boots } from './boots-table.tsx';
import { IssuedPanel } from './issued-panel.tsx';
import { MachineForm } from './machine-form.tsx';
import { MergeView } from './merge-view.tsx';
import { SinceLastBoot } from './since-last-boot.tsx';
import { UrlsPanel } from './urls-panel.tsx';

type Machine = CallAnswer<'getMachine'>;

/** Shows the machine. Its record and its boots are loaded again every 10 seconds. */
export function MachineScreen({ id }: { id: string }) {
  const { value: machine, etag, fault, reload } = useAnswer('getMachine', { params: { id } }, 10);
  const explained = useAnswer('explainMachine', { params: { id } });
  const [issued, setIssued] = useState<CallAnswer<'issueToken'> | undefined>(undefined);
  const [isChanging, setChanging] = useState(false);
  const [round, setRound] = useState(0);
  // The machine is loaded every 10 seconds; what it boots, when it is another machine.
  const { reload: explainAgain } = explained;
  const seen = useRef(etag);
  useEffect(() => {
    if (seen.current !== undefined && seen.current !== etag) void explainAgain();
    seen.current = etag;
  }, [etag, explainAgain]);
  const again = async () => {
    await Promise.all([reload(), explained.reload()]);
    setRound(round + 1);
  };
  const changed = async (answer: CallAnswer<'putMachine'>) => {
    setIssued(answer);
    setChanging(false);
    await Promise.all([reload(), explained.reload()]);
  };
  const userData = explained.value?.sourceText ?? explained.value?.layers['user'] ?? '';
  return (
    <>
      <p>
        <a href="#/machines">All machines</a>
      </p>
      <h1>{id}</h1>
      <Fault text={fault} />
      <Loading of={{ value: machine, fault }} />
      {machine === undefined ? null : (
        <>
          <Record machine={machine} />
          <Actions
            id={id}
            isArmed={machine.once || machine.window !== null}
            onIssued={changed}
            onChange={() => setChanging(!isChanging)}
            isChanging={isChanging}
          />
          {isChanging && explained.fault !== undefined ? (
            <p class="notice warn">Its user data cannot be shown now. What you enter here replaces all of it.</p>
          ) : null}
          {isChanging && (explained.value?.generation === machine.generation || explained.fault !== undefined) ? (
            <MachineForm
              key={round}
              machine={machine}
              etag={etag}
              userData={userData}
              onIssued={(answer) => void changed(answer)}
              onReload={() => void again()}
            />
          ) : null}
          {issued === undefined ? null : <IssuedPanel issued={issued} />}
          <h2>What it boots, and where that comes from</h2>
          <Fault text={explained.fault} />
          {explained.value === undefined ? null : <Explained explained={explained.value} />}
          {explained.value?.valid ? (
            <>
              <h2>What the next boot changes</h2>
              {machine.lastBoot === null ? (
                <p>It has not got a config yet.</p>
              ) : (
                <SinceLastBoot key={machine.lastBoot.at} id={id} explained={explained.value} />
              )}
            </>
          ) : null}
          <UrlsPanel key={machine.updatedAt} id={id} />
          <h2>Last boots</h2>
          <Boots boots={machine.boots} />
        </>
      )}
    </>
  );
}

/** Shows the merged config, or every layer and why they do not merge. */
const Explained = ({ explained }: { explained: CallAnswer<'explainMachine'> }) =>
  explained.valid ? (
    <MergeView explained={explained} />
  ) : (
    <>
      <Fault text={`It gets no config: ${explained.error ?? 'the layers do not merge'}`} />
      <EntryList entries={explained.entries} />
      {Object.entries(explained.layers).map(([layer, text]) => {
        return text === null ? null : (
          <details key={layer}>
            <summary>{layer}</summary>
            <ScrollBox label={`The ${layer}`}>
              <pre class="wrap">{text}</pre>
            </ScrollBox>
          </details>
        );
      })}
    </>
  );

const Record = ({ machine }: { machine: Machine }) => (
  <dl class="record">
    <dt>Profiles</dt>
    <dd>
      {machine.profiles.length === 0 ? 'none' : null}
      {machine.profiles.map((name) => (
        <a key={name} class="item" href={`#/profiles/${encodeURIComponent(name)}`}>
          {name}
        </a>
      ))}
    </dd>
    <dt>Host name</dt>
    <dd>{machine.hostname ?? 'none'}</dd>
    <dt>SSH keys</dt>
    <dd>{machine.sshAuthorizedKeys.length === 0 ? 'none' : machine.sshAuthorizedKeys.map(keyName).join(', ')}</dd>
    <dt>Variables</dt>
    <dd>{Object.keys(machine.vars).length === 0 ? 'none' : Object.keys(machine.vars).join(', ')}</dd>
    <dt>Fleet</dt>
    <dd>
      {machine.fleet === null ? 'none' : <a href={`#/fleets/${encodeURIComponent(machine.fleet)}`}>{machine.fleet}</a>}
      {hardwareText(machine)}
    </dd>
    <dt>May boot</dt>
    <dd>{mayBoot(machine)}</dd>
    <dt>Labels</dt>
    <dd>{pairsOf(machine.labels)}</dd>
    <dt>Attributes</dt>
    <dd>{pairsOf(machine.attributes)}</dd>
    <dt>State</dt>
    <dd>
      <StateChip state={machine.state} />
      {machine.lastBoot === null ? null : (
        <>
          {' '}
          last asked <When at={machine.lastBoot.at} />
        </>
      )}
    </dd>
    <dt>User data</dt>
    <dd>
      {machine.kind}
      {machine.source === undefined ? '' : `, written in ${machine.source}`}
    </dd>
    <dt>Generation</dt>
    <dd>{machine.generation}</dd>
    <dt>Release</dt>
    <dd>
      {machine.channel} {machine.board} {machine.version}
    </dd>
    <dt>Read by</dt>
    <dd>
      Ignition {machine.reads.version} ({machine.reads.from})
    </dd>
    <dt>Kernel arguments</dt>
    <dd>{machine.kernelArgs.length === 0 ? 'none of its own' : <code>{machine.kernelArgs.join(' ')}</code>}</dd>
    <dt>URLs end</dt>
    <dd>
      <When at={machine.expiresAt} none="never" />
    </dd>
    <dt>Changed</dt>
    <dd>
      <When at={machine.updatedAt} />
    </dd>
  </dl>
);

const hardwareText = ({ mac, uuid, serial, asset }: Machine): string => {
  const known = [...mac, uuid, serial, asset].filter((one) => one !== null);
  return known.length === 0 ? '' : `, known by ${known.join(', ')}`;
};

/** Returns for how long its URLs answer. */
function mayBoot({ once, window, armedAt, handedOutAt, doneAt }: Machine): string {
  const done = doneAt === null ? '' : `; it was done at ${moment(doneAt)}`;
  if (!once && window === null) return `always${done}`;
  const open = window === null ? '' : `, within ${window} s from ${armedAt === null ? 'arming' : moment(armedAt)}`;
  const first = handedOutAt === null ? ', and has not yet' : `, and first got its config at ${moment(handedOutAt)}`;
  return once ? `once${open}${first}${done}` : `any number of times${open}${done}`;
}

const pairsOf = (texts: Readonly<Record<string, string>>): string =>
  Object.entries(texts)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ') || 'none';

/** Returns what tells one key from another: its comment, or its last characters. */
const keyName = (line: string): string => line.split(' ').slice(2).join(' ') || `…${line.slice(-12)}`;

interface ActionsProps {
  readonly id: string;
  /** Its URLs answer for a boot or a while. */
  readonly isArmed: boolean;
  readonly isChanging: boolean;
  readonly onIssued: (issued: CallAnswer<'issueToken'>) => Promise<void>;
  readonly onChange: () => void;
}

function Actions({ id, isArmed, isChanging, onIssued, onChange }: ActionsProps) {
  const { isBusy, fault, run } = useAction();
  const issue = async (revoke: boolean) => {
    const issued = await run('issueToken', { params: { id }, body: { revoke } });
    if (issued !== undefined) await onIssued(issued);
  };
  const rearm = async () => {
    const issued = await run('rearmMachine', { params: { id } });
    if (issued !== undefined) await onIssued(issued);
  };
  const remove = async () => {
    if ((await run('deleteMachine', { params: { id } })) !== undefined) location.hash = '#/machines';
  };
  return (
    <>
      <div class="row">
        <button type="button" onClick={onChange} aria-expanded={isChanging}>
          Change
        </button>
        <button type="button" disabled={isBusy} onClick={() => void issue(false)}>
          Make another URL
        </button>
        {isArmed ? (
          <button type="button" disabled={isBusy} onClick={() => void rearm()}>
            Open it for another boot
          </button>
        ) : null}
        <Ending
          name={id}
          isBusy={isBusy}
          means={{
            revoke:
              'The older URLs answer 410: a machine that boots with one of them gets no config. New ones are shown.',
            delete:
              'Its user data is gone, and its URLs answer 410 for ever: a machine that boots with one of them gets no config.',
          }}
          onRevoke={() => void issue(true)}
          onDelete={() => void remove()}
        />
      </div>
      <Fault text={fault} />
    </>
  );
}
