/** The fields of a machine's form about its fleet, its hardware, and for how long its URLs answer. */
import type { CallAnswer } from '../../api/api-client.ts';
import { Field } from '../widgets/widgets.tsx';

const TEXTS = ['fleet', 'mac', 'uuid', 'serial', 'asset', 'window'] as const;
type Text = (typeof TEXTS)[number];
export type Hardware = Readonly<Record<Text, string>> & { readonly once: boolean };

/** Returns what a machine has; nothing for a new one. */
export const hardwareOf = (machine: CallAnswer<'getMachine'> | undefined): Hardware => ({
  fleet: machine?.fleet ?? '',
  mac: (machine?.mac ?? []).join(', '),
  ...{ uuid: machine?.uuid ?? '', serial: machine?.serial ?? '', asset: machine?.asset ?? '' },
  window: machine?.window === null || machine === undefined ? '' : String(machine.window),
  once: machine?.once ?? false,
});

/** Returns the parameters of a PUT. */
export function hardwareQuery({ once, mac, ...texts }: Hardware) {
  const filled = Object.entries(texts).filter(([, value]) => value.trim() !== '');
  const macs = mac.split(/[\s,]+/).filter((address) => address !== '');
  return {
    ...Object.fromEntries(filled.map(([name, value]) => [name, value.trim()])),
    ...(macs.length === 0 ? {} : { mac: macs }),
    ...(once ? { once: '1' as const } : {}),
  };
}

const LABELS: Readonly<Record<Text, readonly [label: string, hint: string]>> = {
  fleet: ['Fleet', '(by whose URL it may boot)'],
  mac: ['MAC addresses', '(by comma)'],
  uuid: ['UUID', '(of its board)'],
  serial: ['Serial number', ''],
  asset: ['Asset tag', ''],
  window: ['Open for', '(seconds after it was armed; empty: always)'],
};

interface Props {
  readonly value: Hardware;
  readonly onValue: (value: Hardware) => void;
}

/** Shows the fields. */
export const HardwareFields = ({ value, onValue }: Props) => (
  <details>
    <summary>Its fleet and hardware, and for how long it may boot</summary>
    <div class="fields">
      {TEXTS.map((name) => (
        <Field
          key={name}
          label={LABELS[name][0]}
          hint={LABELS[name][1]}
          value={value[name]}
          onValue={(text) => onValue({ ...value, [name]: text })}
        />
      ))}
      <label class="row">
        <input
          type="checkbox"
          checked={value.once}
          onChange={(event) => onValue({ ...value, once: event.currentTarget.checked })}
        />
        <span>For one boot</span>
      </label>
    </div>
  </details>
);
