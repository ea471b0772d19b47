/** Shows which machines a change of a profile would break, by cause. */
import type { CallAnswer } from '../../api/api-client.ts';

type Change = CallAnswer<'putProfileBase'>;

/** Shows the causes by which machines would break, each with how many and some of them. */
export const Breaks = ({ breaks }: { breaks: Change['breaks'] }) => (
  <ul class="entries">
    {breaks.map(({ cause, count, examples }) => (
      <li key={cause} class="error">
        <b>{count}</b> {cause}, such as {examples.map(({ id }) => id).join(', ')}
      </li>
    ))}
  </ul>
);
