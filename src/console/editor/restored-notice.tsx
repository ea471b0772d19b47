/** Says that a form shows what was typed on an earlier visit. */
import type { Kept } from './drafts.ts';

interface RestoredNoticeProps {
  readonly draft: Pick<Kept<unknown>, 'restored' | 'base'>;
  /** The entity tag of what is stored now. */
  readonly etag: string | null | undefined;
  /** Puts back what is stored, and forgets the draft. */
  readonly onDrop: () => void;
}

/** Shows the notice, where there is anything to say. */
export const RestoredNotice = ({ draft, etag, onDrop }: RestoredNoticeProps) =>
  draft.restored === undefined ? null : (
    <div class="notice warn row" role="status">
      <span>
        This is what you typed before and have not saved.
        {draft.base.etag === etag ? '' : ' Somebody else has changed what is stored since you began.'}
      </span>
      <button type="button" onClick={onDrop}>
        Throw it away
      </button>
    </div>
  );
