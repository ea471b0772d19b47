/** Goes through a list page by page. The cursors of the pages before are kept, so that the operator can go back. */
import { useState } from 'preact/hooks';

export interface Pages {
  /** What the call of the list is asked with. */
  readonly query: { readonly cursor?: string };
  /** Goes to the first page: the list is another one now. */
  restart(): void;
  readonly back: (() => void) | undefined;
  readonly forth: (cursor: string) => void;
}

/** Returns the page that is shown, and how to leave it. */
export function usePages(): Pages {
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const cursor = cursors.at(-1);
  return {
    query: cursor === undefined ? {} : { cursor },
    restart: () => setCursors([]),
    back: cursor === undefined ? undefined : () => setCursors(cursors.slice(0, -1)),
    forth: (next) => setCursors([...cursors, next]),
  };
}

interface PagerProps {
  readonly pages: Pages;
  /** Where the page after this one begins, as the answer says. */
  readonly next: string | null | undefined;
  readonly labels: readonly [back: string, forth: string];
}

/** Shows a button to the page before and one to the page after. */
export const Pager = ({ pages, next, labels: [back, forth] }: PagerProps) => (
  <div class="row">
    <button type="button" disabled={pages.back === undefined} onClick={() => pages.back?.()}>
      {back}
    </button>
    <button
      type="button"
      disabled={next === null || next === undefined}
      onClick={() => (next === null || next === undefined ? undefined : pages.forth(next))}
    >
      {forth}
    </button>
  </div>
);
