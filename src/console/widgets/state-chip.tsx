/** Shows the state of a machine. */
import type { CallAnswer } from '../../api/api-client.ts';
import { Chip, type Tone } from './widgets.tsx';

export type MachineState = CallAnswer<'getMachine'>['state'];

/** The states by the names that the API has for them, in the order in which a list offers them, with what they mean. */
export const STATES: readonly (readonly [state: MachineState, meaning: string, tone: Tone])[] = [
  ['failing', 'the last request for a config got none', 'bad'],
  ['stale', 'it would boot something else now', 'warn'],
  ['never-booted', 'it has not asked for a config yet', ''],
  ['booted', 'it booted what it would boot now', 'good'],
  ['expired', 'its URLs have ended', 'warn'],
];

/** Shows the state; what it means is told by a title. */
export function StateChip({ state }: { state: MachineState }) {
  const [, meaning, tone] = STATES.find(([known]) => known === state) ?? [state, '', ''];
  return (
    <Chip tone={tone}>
      <span title={meaning}>{state}</span>
    </Chip>
  );
}
