/** A form that creates or replaces a machine. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../api/api-client.ts';
import { faultText, isOvertaken, useAnswer, useClient } from './client.ts';
import { ConfigEditor, EntryList, entriesOf, type Format } from './config-editor.tsx';
import { HardwareFields, hardwareOf, hardwareQuery } from './hardware-fields.tsx';
import { linesOfVariables, variablesOfLines } from './variable-lines.ts';
import { Fault, Field, Lines } from './widgets.tsx';

interface MachineFormProps {
  /** The machine to replace; absent for a new one. */
  readonly machine?: CallAnswer<'getMachine'>;
  /** The entity tag of the machine that is shown. */
  readonly etag?: string | undefined;
  readonly userData?: string;
  readonly onIssued: (issued: CallAnswer<'putMachine'>) => void;
}

/** Shows the form. When the service refuses the machine, the form shows the report and keeps its values. */
export function MachineForm({ machine, etag, userData, onIssued }: MachineFormProps) {
  const client = useClient();
  // The screen goes on loading the machine; what this form began with is what it may replace.
  const [seen] = useState(etag);
  const profiles = useAnswer('listProfiles', {});
  const [id, setId] = useState(machine?.id ?? '');
  const [profileNames, setProfileNames] = useState((machine?.profiles ?? []).join(', '));
  const [hostname, setHostname] = useState(machine?.hostname ?? '');
  const [keys, setKeys] = useState((machine?.sshAuthorizedKeys ?? []).join('\n'));
  const [vars, setVars] = useState(linesOfVariables(machine?.vars ?? {}));
  const [attributes, setAttributes] = useState(linesOfVariables(machine?.attributes ?? {}));
  const [labels, setLabels] = useState(linesOfVariables(machine?.labels ?? {}));
  const [hardware, setHardware] = useState(hardwareOf(machine));
  const [seconds, setSeconds] = useState('');
  const [release, setRelease] = useState({
    channel: machine?.channel ?? '',
    board: machine?.board ?? '',
    version: machine?.version ?? '',
    ignition: machine?.ignition ?? '',
  });
  const [kernelArgs, setKernelArgs] = useState((machine?.kernelArgs ?? []).join(' '));
  const [text, setText] = useState(userData ?? '');
  const [platform, setPlatform] = useState('');
  const [format, setFormat] = useState<Format>(machine?.source === 'ct' ? 'ct' : 'auto');
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<{ text: string; entries: ReturnType<typeof entriesOf> } | undefined>(
    undefined,
  );
  const put = async () => {
    setBusy(true);
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
    const condition = machine === undefined ? { ifNoneMatch: '*' } : { ifMatch: seen };
    const answer = await client.call('putMachine', { params: { id: id.trim() }, query, body: text, ...condition });
    setBusy(false);
    if (answer.ok) {
      setRefusal(undefined);
      onIssued(answer.value);
      return;
    }
    const entries = answer.error.reason === 'refused' ? entriesOf(answer.error.problem) : [];
    const overtaken =
      machine === undefined
        ? `${id.trim()} exists already: open it to change it. Nothing was changed.`
        : `Somebody else has changed ${machine.id} since it was shown here. Nothing was changed: copy what you need, and load it again.`;
    setRefusal({ text: isOvertaken(answer.error) ? overtaken : faultText(answer.error), entries });
  };
  const engine =
    profiles.value?.items.find(({ name }) => name === namesIn(profileNames)[0])?.engine === 'legacy'
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
      <div class="fields">
        <Field label="Id" value={id} onValue={setId} required disabled={machine !== undefined} />
        <Field
          label="Profiles"
          hint="(by comma, in the order in which they merge)"
          value={profileNames}
          onValue={setProfileNames}
          list="profiles"
        />
        <Field label="Host name" hint="(optional)" value={hostname} onValue={setHostname} />
        <datalist id="profiles">
          {profiles.value?.items.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        {format === 'ct' ? (
          <Field label="Platform" hint="(for dynamic data)" value={platform} onValue={setPlatform} />
        ) : null}
        <Field label="New URLs end after" hint="(seconds, optional)" value={seconds} onValue={setSeconds} />
      </div>
      <details>
        <summary>Its keys, variables, attributes and labels</summary>
        <div class="fields">
          <Lines label="SSH keys of core" hint="(one a line)" value={keys} onValue={setKeys} />
          <Lines label="Variables" hint="(as rack=7, one a line)" value={vars} onValue={setVars} />
          <Lines
            label="Attributes"
            hint="(for its metadata, as local_ipv4=10.0.0.7)"
            value={attributes}
            onValue={setAttributes}
          />
          <Lines label="Labels" hint="(for lists, as row=b)" value={labels} onValue={setLabels} />
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
              value={release[name]}
              onValue={(value) => setRelease({ ...release, [name]: value })}
            />
          ))}
          <Field
            label="Kernel arguments"
            hint="(by spaces, as console=ttyS0,115200)"
            value={kernelArgs}
            onValue={setKernelArgs}
          />
        </div>
      </details>
      <HardwareFields value={hardware} onValue={setHardware} />
      <ConfigEditor
        label="User data"
        text={text}
        onText={setText}
        format={format}
        onFormat={setFormat}
        engine={engine}
        isUserData={true}
      />
      <Fault text={refusal?.text} />
      <EntryList entries={refusal?.entries ?? []} />
      <button type="submit" class="primary" disabled={isBusy}>
        {machine === undefined ? 'Create' : 'Replace'}
      </button>
    </form>
  );
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
