/** A form that creates or replaces a machine. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { faultText, isOvertaken, useAnswer, useClient } from '../client/client.ts';
import { ConfigEditor, EntryList, entriesOf } from '../editor/config-editor.tsx';
import { useDraft } from '../editor/drafts.ts';
import type { Format } from '../editor/report.ts';
import { RestoredNotice } from '../editor/restored-notice.tsx';
import { Fault, Field, Lines } from '../widgets/widgets.tsx';
import { HardwareFields, hardwareOf, hardwareQuery } from './hardware-fields.tsx';
import { linesOfVariables, variablesOfLines } from './variable-lines.ts';

interface MachineFormProps {
  /** The machine to replace; absent for a new one. */
  readonly machine?: CallAnswer<'getMachine'>;
  /** The entity tag of the machine that is shown. */
  readonly etag?: string | undefined;
  readonly userData?: string;
  readonly onIssued: (issued: CallAnswer<'putMachine'>) => void;
  /** Loads the machine again, for a form that begins anew. */
  readonly onReload?: () => void;
}

/** Shows the form. When the service refuses the machine, the form shows the report and keeps its values. */
export function MachineForm({ machine, etag, userData, onIssued, onReload }: MachineFormProps) {
  const client = useClient();
  const profiles = useAnswer('listProfiles', {});
  const draft = useDraft(`machine/${machine?.id ?? ''}`, fieldsOf(machine, userData), { etag });
  const fields = draft.value;
  const set = (change: Partial<Fields>) => draft.set({ ...fields, ...change });
  /** Sets one field to what is typed. */
  const to = (name: TextField) => (value: string) => set({ [name]: value });
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<
    { text: string; entries: ReturnType<typeof entriesOf>; isOvertaken: boolean } | undefined
  >(undefined);
  const put = async () => {
    setBusy(true);
    const { id, profileNames, hostname, seconds, release, hardware, format, platform, kernelArgs, text } = fields;
    const { keys, vars, attributes, labels } = fields;
    const names = namesIn(profileNames).join(',');
    const filledFields = Object.entries({ profiles: names, hostname, expires_in: seconds, ...release }).filter(
      ([, value]) => value.trim() !== '',
    );
    const query = {
      ...Object.fromEntries(filledFields.map(([name, value]) => [name, value.trim()])),
      ...hardwareQuery(hardware),
      ...(format === 'ct' ? { format, platform } : {}),
      ...(keys.trim() === '' ? {} : { ssh_authorized_key: linesIn(keys) }),
      ...(vars.trim() === '' ? {} : { vars: varsIn(vars) }),
      ...(attributes.trim() === '' ? {} : { attribute: varsIn(attributes) }),
      ...(labels.trim() === '' ? {} : { label: varsIn(labels) }),
      ...(kernelArgs.trim() === '' ? {} : { kernel_arg: kernelArgs.trim().split(/\s+/) }),
    };
    // A new machine must not take the place of another, and a change must not undo what somebody else has changed.
    const condition = machine === undefined ? { ifNoneMatch: '*' } : { ifMatch: draft.base.etag ?? undefined };
    const answer = await client.call('putMachine', { params: { id: id.trim() }, query, body: text, ...condition });
    setBusy(false);
    if (answer.ok) {
      setRefusal(undefined);
      draft.forget();
      onIssued(answer.value);
      return;
    }
    const entries = answer.error.reason === 'refused' ? entriesOf(answer.error.problem) : [];
    const overtaken =
      machine === undefined
        ? `${id.trim()} exists already: open it to change it. Nothing was changed.`
        : `Somebody else has changed ${machine.id} since it was shown here. Nothing was changed: copy what you need before you load it again.`;
    const isTaken = isOvertaken(answer.error);
    setRefusal({ text: isTaken ? overtaken : faultText(answer.error), entries, isOvertaken: isTaken });
  };
  const engine =
    profiles.value?.items.find(({ name }) => name === namesIn(fields.profileNames)[0])?.engine === 'legacy'
      ? 'legacy'
      : 'ignition';
  return (
    <form
      class="panel"
      aria-label={machine === undefined ? 'New machine' : `Change ${machine.id}`}
      onSubmit={(event) => {
        event.preventDefault();
        void put();
      }}
    >
      <RestoredNotice
        draft={draft}
        etag={etag}
        onDrop={() => {
          draft.set(fieldsOf(machine, userData));
          draft.rebase({ etag });
          draft.forget();
        }}
      />
      <div class="fields">
        <Field label="Id" value={fields.id} onValue={to('id')} required disabled={machine !== undefined} />
        <Field
          label="Profiles"
          hint="(by comma, in the order in which they merge)"
          value={fields.profileNames}
          onValue={to('profileNames')}
          list="profiles"
        />
        <Field label="Host name" hint="(optional)" value={fields.hostname} onValue={to('hostname')} />
        <datalist id="profiles">
          {profiles.value?.items.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        {fields.format === 'ct' ? (
          <Field label="Platform" hint="(for dynamic data)" value={fields.platform} onValue={to('platform')} />
        ) : null}
        <Field label="New URLs end after" hint="(seconds, optional)" value={fields.seconds} onValue={to('seconds')} />
      </div>
      <details>
        <summary>Its keys, variables, attributes and labels</summary>
        <div class="fields">
          <Lines label="SSH keys of core" hint="(one a line)" value={fields.keys} onValue={to('keys')} />
          <Lines label="Variables" hint="(as rack=7, one a line)" value={fields.vars} onValue={to('vars')} />
          <Lines
            label="Attributes"
            hint="(for its metadata, as local_ipv4=10.0.0.7)"
            value={fields.attributes}
            onValue={to('attributes')}
          />
          <Lines label="Labels" hint="(for lists, as row=b)" value={fields.labels} onValue={to('labels')} />
        </div>
      </details>
      <details>
        <summary>The release, its Ignition, and the kernel's arguments</summary>
        <div class="fields">
          {(['channel', 'board', 'version', 'ignition'] as const).map((name) => (
            <Field
              key={name}
              label={name}
              hint={HINTS[name]}
              value={fields.release[name]}
              onValue={(value) => set({ release: { ...fields.release, [name]: value } })}
            />
          ))}
          <Field
            label="Kernel arguments"
            hint="(by spaces, as console=ttyS0,115200)"
            value={fields.kernelArgs}
            onValue={to('kernelArgs')}
          />
        </div>
      </details>
      <HardwareFields value={fields.hardware} onValue={(hardware) => set({ hardware })} />
      <ConfigEditor
        label="User data"
        text={fields.text}
        onText={to('text')}
        format={fields.format}
        onFormat={(format) => set({ format })}
        engine={engine}
        isUserData={true}
      />
      <Fault text={refusal?.text} />
      {refusal?.isOvertaken === true && onReload !== undefined ? (
        <button
          type="button"
          onClick={() => {
            draft.forget();
            onReload();
          }}
        >
          Throw mine away and load it again
        </button>
      ) : null}
      <EntryList entries={refusal?.entries ?? []} />
      <button type="submit" class="primary" disabled={isBusy}>
        {machine === undefined ? 'Create' : 'Replace'}
      </button>
    </form>
  );
}

/** What the form holds, as it is typed. */
type Fields = ReturnType<typeof fieldsOf>;
type TextField = { [N in keyof Fields]: Fields[N] extends string ? N : never }[keyof Fields];

function fieldsOf(machine: MachineFormProps['machine'], userData = '') {
  const format: Format = machine?.source === 'ct' ? 'ct' : 'auto';
  return {
    ...{ id: machine?.id ?? '', profileNames: (machine?.profiles ?? []).join(', '), hostname: machine?.hostname ?? '' },
    keys: (machine?.sshAuthorizedKeys ?? []).join('\n'),
    vars: linesOfVariables(machine?.vars ?? {}),
    attributes: linesOfVariables(machine?.attributes ?? {}),
    labels: linesOfVariables(machine?.labels ?? {}),
    hardware: hardwareOf(machine),
    ...{ seconds: '', platform: '', text: userData, format },
    release: {
      channel: machine?.channel ?? '',
      board: machine?.board ?? '',
      version: machine?.version ?? '',
      ignition: machine?.ignition ?? '',
    },
    kernelArgs: (machine?.kernelArgs ?? []).join(' '),
  };
}

const namesIn = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
const linesIn = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

const varsIn = (text: string): string[] =>
  Object.entries(variablesOfLines(text)).map(([name, value]) => `${name}=${value ?? ''}`);

const HINTS = {
  channel: '(stable)',
  board: '(amd64-usr)',
  version: '(current)',
  ignition: '(the version that reads the config; that of the release)',
} as const;
