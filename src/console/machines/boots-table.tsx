/** Lists the last boots of a machine. */
import type { CallAnswer } from '../../api/api-client.ts';
import { When } from '../widgets/when.tsx';
import { Chip, Table } from '../widgets/widgets.tsx';

type Machine = CallAnswer<'getMachine'>;

/** Shows the table, newest first. */
export const Boots = ({ boots }: { boots: Machine['boots'] }) =>
  boots.length === 0 ? (
    <p>It has not booted yet.</p>
  ) : (
    <Table label="Boots" columns={['When', 'What', 'Answer', 'Generation', 'Profile', 'Client']}>
      {boots.map(({ at, what, status, reason, detail, generation, profile, profileGeneration, ignition, times }) => (
        <tr key={`${at} ${what}`}>
          <td>
            <When at={at} />
            {times === undefined ? '' : ` (${times} times)`}
          </td>
          <td>{what}</td>
          <td class="long">
            <Chip tone={status < 300 ? 'good' : 'bad'}>{status}</Chip> {detail ?? reason}
          </td>
          <td>{generation}</td>
          <td>{profile === undefined ? '' : `${profile}, generation ${profileGeneration ?? ''}`}</td>
          <td>{ignition === undefined ? 'not Ignition' : `Ignition ${ignition}`}</td>
        </tr>
      ))}
    </Table>
  );
