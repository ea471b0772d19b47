/** Shows a moment as people say it: how long ago, with the local time and UTC on a touch of the pointer. */
import { relative } from './show.ts';

/** Shows a moment (ISO 8601), or `none` where there is none. The time itself is there for programs and for copying. */
export function When({ at, none = '' }: { at: string | null | undefined; none?: string }) {
  if (at === null || at === undefined || at === '') return <>{none}</>;
  const local = new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  return (
    <time dateTime={at} title={`${local} (${at.slice(0, 19).replace('T', ' ')} UTC)`}>
      {relative(at, Date.now())}
    </time>
  );
}
