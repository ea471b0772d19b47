/** Lists the files of a release, with who signed each of them. It is loaded when it is unfolded. */
import { useAnswer } from '../client/client.ts';
import { bytes } from '../widgets/show.ts';
import { When } from '../widgets/when.tsx';
import { Fault, Fold, ScrollBox } from '../widgets/widgets.tsx';

interface ReleaseFilesProps {
  readonly channel: string;
  readonly board: string;
  readonly version: string;
}

/** Shows the fold. */
export const ReleaseFiles = (release: ReleaseFilesProps) => (
  <Fold
    isOpen={false}
    summary={
      <>
        Its files, and who signed them<span class="seen-not">: {release.version}</span>
      </>
    }
  >
    <Files {...release} />
  </Fold>
);

function Files({ channel, board, version }: ReleaseFilesProps) {
  const { value, fault } = useAnswer('getRelease', { params: { channel, board, version } });
  if (value === undefined) return fault === undefined ? <p class="faint">Loading …</p> : <Fault text={fault} />;
  const signers = new Set(value.files.flatMap(({ primary }) => (primary === undefined ? [] : [primary])));
  return (
    <>
      {[...signers].map((primary) => (
        <p key={primary}>
          Signed under the primary key <code class="wrap">{primary}</code>.
        </p>
      ))}
      <ScrollBox label={`Files of ${version}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col">Size</th>
              <th scope="col">Signed by</th>
              <th scope="col">Signed</th>
              <th scope="col">Verified here</th>
            </tr>
          </thead>
          <tbody>
            {value.files.map(({ name, size, signedBy, signedAt, verifiedAt, payloadKey, madeOf }) => (
              <tr key={name}>
                <th scope="row">
                  <a href={`/${channel}/${board}/${version}/${name}`}>{name}</a>
                </th>
                <td>{bytes(size)}</td>
                <td>
                  {signedBy !== undefined ? (
                    <code title={signedBy}>{signedBy.slice(-16)}</code>
                  ) : payloadKey !== undefined ? (
                    <span title={payloadKey}>the update key</span>
                  ) : madeOf !== undefined ? (
                    `made here of ${madeOf.name}`
                  ) : (
                    'goes with the file of its name'
                  )}
                </td>
                <td>
                  <When at={signedAt} />
                </td>
                <td>
                  <When at={verifiedAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </>
  );
}
