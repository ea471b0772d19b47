/** The two acts that end what somebody boots by: all of its URLs, or the thing itself. Both ask for its name. */
import { useState } from 'preact/hooks';
import { Confirm } from './widgets.tsx';

interface EndingProps {
  readonly name: string;
  readonly isBusy: boolean;
  /** What each act means for the machines. */
  readonly means: { readonly revoke: string; readonly delete: string };
  readonly onRevoke: () => void;
  readonly onDelete: () => void;
}

/** Shows both buttons, and the question of the one that was chosen. */
export function Ending({ name, isBusy, means, onRevoke, onDelete }: EndingProps) {
  const [question, setQuestion] = useState<'delete' | 'revoke' | undefined>(undefined);
  const isDeletion = question === 'delete';
  return (
    <>
      <button type="button" class="danger" disabled={isBusy} onClick={() => setQuestion('revoke')}>
        Revoke all URLs
      </button>
      <button type="button" class="danger" disabled={isBusy} onClick={() => setQuestion('delete')}>
        Delete
      </button>
      {question === undefined ? null : (
        <Confirm
          title={isDeletion ? `Delete ${name}?` : `Revoke all URLs of ${name}?`}
          text={means[question]}
          confirm={isDeletion ? 'Delete it' : 'Revoke them'}
          typed={name}
          onConfirm={isDeletion ? onDelete : onRevoke}
          onClose={() => setQuestion(undefined)}
        />
      )}
    </>
  );
}
