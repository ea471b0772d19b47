/** Shows what a change of a layer would do to one machine, before it is saved. */
import { useEffect, useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAction } from '../client/client.ts';
import { EntryList } from '../editor/config-editor.tsx';
import type { Format } from '../editor/report.ts';
import { TextDiff } from '../editor/text-diff.tsx';
import { jsonText } from '../widgets/show.ts';
import { Fault, Field } from '../widgets/widgets.tsx';

interface PreviewPanelProps {
  readonly profile: string;
  readonly layer: 'base' | 'default';
  readonly text: string;
  readonly format: Format;
}

interface Shown {
  readonly id: string;
  readonly now: CallAnswer<'explainMachine'>;
  readonly then: CallAnswer<'previewMachine'>;
}

/** Shows the field for the machine, and the difference that the change makes. */
export function PreviewPanel({ profile, layer, text, format }: PreviewPanelProps) {
  const action = useAction();
  const [machine, setMachine] = useState('');
  const [shown, setShown] = useState<Shown | undefined>(undefined);
  // What was said of another text says nothing of this one.
  useEffect(() => setShown(undefined), [text, format]);
  const look = async () => {
    const id = machine.trim();
    const params = { id };
    const query = { profile, layer, ...(format === 'ct' ? { format } : {}) };
    const then = await action.run('previewMachine', { params, query, body: text });
    const now = then === undefined ? undefined : await action.run('explainMachine', { params });
    setShown(then === undefined || now === undefined ? undefined : { id, now, then });
  };
  return (
    <details>
      <summary>
        What it would do to one machine<span class="seen-not">: {layer}</span>
      </summary>
      <div class="fields">
        <Field label="Machine" hint="(its id)" value={machine} onValue={setMachine} />
        <button type="button" disabled={action.isBusy || machine.trim() === ''} onClick={() => void look()}>
          Show it
        </button>
      </div>
      <Fault text={action.fault} />
      {shown === undefined ? null : shown.then.valid ? (
        <TextDiff
          label={`What changes for ${shown.id}`}
          before={jsonText(shown.now.config)}
          after={jsonText(shown.then.config)}
        />
      ) : (
        <>
          <Fault text={`${shown.id} would get no config: ${shown.then.error ?? ''}`} />
          <EntryList entries={shown.then.entries} />
        </>
      )}
    </details>
  );
}
