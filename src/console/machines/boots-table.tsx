/** Lists the last boots of a machine. */
import type { CallAnswer } from '../../api/api-client.ts';
import { When } from '../widgets/when.tsx';
import { Chip, ScrollBox } from '../widgets/widgets.tsx';

type Machine = CallAnswer<'getMachine'>;

/** Shows the table, newest first. */
export const Boots = ({ boots }: { boots: Machine['boots'] }) =>
  boots.length === 0 ? (
    <p>It has not booted yet.</p>
  ) : (
    <ScrollBox label="Boots">
      <table>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col">Answer</th>
            <th scope="col">Generation</th>
            <th scope="col">Profile</th>
            <th scope="col">Client</th>
          </tr>
        </thead>
        <tbody>
          {boots.map(
            ({ at, what, status, reason, detail, generation, profile, profileGeneration, ignition, times }) => (
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
            ),
          )}
        </tbody>
      </table>
    </ScrollBox>
  );
