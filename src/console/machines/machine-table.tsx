/** The table of a page of machines: sorted by any column, with a choice of some of them. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { StateChip } from '../widgets/state-chip.tsx';
import { When } from '../widgets/when.tsx';
import { ScrollBox } from '../widgets/widgets.tsx';

type Machine = CallAnswer<'listMachines'>['items'][number];

interface MachineTableProps {
  readonly machines: readonly Machine[];
  /** Ids. */
  readonly chosen: readonly string[];
  readonly onChosen: (ids: readonly string[]) => void;
}

/** Each column with the text or number that it is sorted by. */
const COLUMNS: readonly (readonly [title: string, by: (machine: Machine) => string | number])[] = [
  ['Id', ({ id }) => id],
  ['Profile', ({ profile }) => profile ?? ''],
  ['State', ({ state }) => state],
  ['Last asked', ({ lastBoot }) => lastBoot?.at ?? ''],
  ['User data', ({ kind }) => kind],
  ['Generation', ({ generation }) => generation],
  ['URLs end', ({ expiresAt }) => expiresAt ?? '9999'],
  ['Changed', ({ updatedAt }) => updatedAt],
];

interface Order {
  readonly column: number;
  readonly isDown: boolean;
}

/** Shows the table. It sorts what the page shows: the service lists by id. */
export function MachineTable({ machines, chosen, onChosen }: MachineTableProps) {
  const [order, setOrder] = useState<Order>({ column: 0, isDown: false });
  const shown = sorted(machines, order);
  const isAll = chosen.length === machines.length;
  const toggle = (id: string) => onChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return (
    <ScrollBox label="Machines">
      <table>
        <thead>
          <tr>
            <th scope="col">
              <input
                type="checkbox"
                aria-label="Choose all of this page"
                checked={isAll}
                onChange={() => onChosen(isAll ? [] : machines.map(({ id }) => id))}
              />
            </th>
            {COLUMNS.map(([title], column) => (
              <th
                key={title}
                scope="col"
                aria-sort={order.column !== column ? 'none' : order.isDown ? 'descending' : 'ascending'}
              >
                <button
                  type="button"
                  class="sort"
                  onClick={() => setOrder({ column, isDown: order.column === column && !order.isDown })}
                >
                  {title}
                  <span aria-hidden="true">{order.column !== column ? '' : order.isDown ? ' ↓' : ' ↑'}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map(({ id, profile, kind, generation, expiresAt, updatedAt, state, lastBoot }) => (
            <tr key={id}>
              <td>
                <input
                  type="checkbox"
                  aria-label={`Choose ${id}`}
                  checked={chosen.includes(id)}
                  onChange={() => toggle(id)}
                />
              </td>
              <th scope="row">
                <a href={`#/machines/${encodeURIComponent(id)}`}>{id}</a>
              </th>
              <td>{profile ?? 'none'}</td>
              <td>
                <StateChip state={state} />
              </td>
              <td>
                <When at={lastBoot?.at} none="never" />
              </td>
              <td>{kind}</td>
              <td>{generation}</td>
              <td>
                <When at={expiresAt} none="never" />
              </td>
              <td>
                <When at={updatedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

function sorted(machines: readonly Machine[], { column, isDown }: Order): readonly Machine[] {
  const by = COLUMNS[column]?.[1];
  if (by === undefined) return machines;
  const ordered = machines.toSorted((a, b) => {
    const [left, right] = [by(a), by(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  });
  return isDown ? ordered.reverse() : ordered;
}
