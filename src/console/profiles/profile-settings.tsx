/** Edits the settings of a profile beside its texts: what reads them, cloud-configs, and what kernels get. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAction } from '../client/client.ts';
import { linesOfVariables, variablesOfLines } from '../machines/variable-lines.ts';
import { Choice, Fault, Field, Lines } from '../widgets/widgets.tsx';

interface ProfileSettingsProps {
  readonly profile: CallAnswer<'getProfile'>;
  readonly etag: string | undefined;
  readonly onChanged: () => Promise<void>;
}

/** Shows the settings. The button stands there once something is different. */
export function ProfileSettings({ profile, etag, onChanged }: ProfileSettingsProps) {
  const action = useAction();
  const was = {
    ignition: profile.ignition ?? '',
    cloudInit: profile.cloudInit,
    kernel: profile.kernelArgs.join(' '),
    vars: linesOfVariables(profile.vars),
    metadataUnit: profile.metadataUnit ? 'on' : 'off',
  };
  const [now, setNow] = useState(was);
  const isChanged = JSON.stringify(now) !== JSON.stringify(was);
  const save = async () => {
    const { ignition, cloudInit, kernel } = now;
    const kernelArgs = kernel.split(/\s+/).filter((argument) => argument !== '');
    const body = {
      ignition: ignition.trim() === '' ? null : ignition.trim(),
      cloudInit,
      kernelArgs,
      vars: variablesOfLines(now.vars),
      metadataUnit: now.metadataUnit === 'on',
    };
    const done = await action.run('patchProfile', { params: { name: profile.name }, body, ifMatch: etag });
    if (done !== undefined) await onChanged();
  };
  return (
    <details>
      <summary>Settings</summary>
      <div class="fields">
        <Field
          label="Read by Ignition"
          hint="(empty: that of each machine's release)"
          value={now.ignition}
          onValue={(ignition) => setNow({ ...now, ignition })}
        />
        <Choice
          label="Cloud-configs"
          value={now.cloudInit}
          choices={[
            ['on', 'fetched by themselves'],
            ['off', 'only where the default says so'],
          ]}
          onValue={(chosen) => setNow({ ...now, cloudInit: chosen === 'off' ? 'off' : 'on' })}
        />
        <Choice
          label="Metadata in /run/metadata/flatcar"
          value={now.metadataUnit}
          choices={[
            ['off', 'not written'],
            ['on', 'written by a unit'],
          ]}
          onValue={(metadataUnit) => setNow({ ...now, metadataUnit })}
        />
        <Field
          label="Kernel arguments"
          hint="(by spaces, as flatcar.oem.id=openstack)"
          value={now.kernel}
          onValue={(kernel) => setNow({ ...now, kernel })}
        />
        <Lines
          label="Variables"
          hint="(as rack=7, one a line; rack alone: each machine must say it)"
          value={now.vars}
          onValue={(vars) => setNow({ ...now, vars })}
        />
      </div>
      <Fault text={action.fault} />
      {isChanged ? (
        <button type="button" class="primary" disabled={action.isBusy} onClick={() => void save()}>
          Save settings
        </button>
      ) : null}
    </details>
  );
}
