/** Shows the state of a machine. */
import type { CallAnswer } from '../api/api-client.ts';
import { Chip, type Tone } from './widgets.tsx';

export type MachineState = CallAnswer<'getMachine'>['state'];

/** The states with what they mean, in the order in which a list offers them. */
export const STATES: readonly (readonly [state: MachineState, text: string, tone: Tone])[] = [
  ['failing', 'no config', 'bad'],
  ['stale', 'changed since', 'warn'],
  ['never-booted', 'never booted', ''],
  ['booted', 'booted', 'good'],
  ['expired', 'URLs expired', 'warn'],
];

/** Shows the state in words. */
export function StateChip({ state }: { state: MachineState }) {
  const [, text, tone] = STATES.find(([known]) => known === state) ?? [state, state, ''];
  return <Chip tone={tone}>{text}</Chip>;
}
