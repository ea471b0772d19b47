/** Shows from when until when each key may sign, as bars over time and as a table. */
import type { CallAnswer } from '../../api/api-client.ts';
import { When } from '../widgets/when.tsx';
import { Chip, Table, type Tone } from '../widgets/widgets.tsx';
import { barsOf } from './bars.ts';

type Key = CallAnswer<'getKeyring'>['keys'][number];

const TONES: Readonly<Record<Key['state'], Tone>> = { valid: 'good', ended: '', revoked: 'bad', unfit: 'bad' };
/** The heights of a bar and of the line of years, in pixels, and how many years a phone has room for. */
const ROW = 22;
const YEARS = 20;
const MOST_LABELS = 8;

/** Shows the keys. */
export const KeyTimeline = ({ keyring }: { keyring: CallAnswer<'getKeyring'> }) => (
  <section aria-label="Signing keys">
    <h2>Signing keys</h2>
    {keyring.keys.length === 0 ? (
      <p>No key is trusted that may sign, so that nothing can be verified.</p>
    ) : (
      <>
        <Bars keys={keyring.keys} />
        <Table label="Signing keys and their dates" columns={['Key', 'From', 'Until', 'State']}>
          {keyring.keys.map(({ fingerprint, from, until, state }) => (
            <tr key={fingerprint}>
              <th scope="row">
                <code class="wrap">{fingerprint}</code>
              </th>
              <td>
                <When at={from} />
              </td>
              <td>
                <When at={until} none="it never ends" />
              </td>
              <td>
                <Chip tone={TONES[state]}>{state}</Chip>{' '}
                {fingerprint === keyring.signingKey?.fingerprint ? 'lasts longest' : null}
              </td>
            </tr>
          ))}
        </Table>
      </>
    )}
  </section>
);

/** The table says the same to those who do not see them. */
function Bars({ keys }: { keys: readonly Key[] }) {
  const { bars, years, today } = barsOf(keys, Date.now());
  const height = keys.length * ROW + YEARS;
  const every = Math.ceil(years.length / MOST_LABELS);
  return (
    <svg class="key-bars" height={height} aria-hidden="true">
      {years.map(({ year, x }) => (
        <line key={year} class="year" x1={part(x)} x2={part(x)} y1={0} y2={height} />
      ))}
      {years
        .filter((_, at) => at % every === 0)
        .map(({ year, x }) => (
          <text key={year} x={part(x)} dx={3} y={height - 4}>
            {year}
          </text>
        ))}
      {bars.map(({ x, width, state }, at) => (
        <rect
          key={keys[at]?.fingerprint}
          class={state}
          x={part(x)}
          width={part(width)}
          y={at * ROW + 4}
          height={ROW - 8}
        />
      ))}
      <line class="today" x1={part(today)} x2={part(today)} y1={0} y2={height} />
    </svg>
  );
}

/** Returns a place on the line of `barsOf` as a part of the width that there is. */
const part = (place: number): string => `${place / 10}%`;
