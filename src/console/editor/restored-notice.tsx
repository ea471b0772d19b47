/** Says that a form shows what was typed on an earlier visit. */
import type { Kept } from './drafts.ts';

interface RestoredNoticeProps {
  readonly draft: Pick<Kept<unknown>, 'restored' | 'forget'>;
  /** Puts back what is stored. */
  readonly onDrop: () => void;
}

/** Shows the notice, where there is anything to say. */
export const RestoredNotice = ({ draft, onDrop }: RestoredNoticeProps) =>
  draft.restored === undefined ? null : (
    <div class="notice warn row" role="status">
      <span>This is what you typed before and have not saved.</span>
      <button
        type="button"
        onClick={() => {
          onDrop();
          draft.forget();
        }}
      >
        Throw it away
      </button>
    </div>
  );
