/** Finds what is different between two texts, line by line. No I/O. */
import { diffLines } from 'diff';
import type { MarkedLine } from './marks.ts';

/** Lines of a part that stayed which are shown beside a difference. */
const NEAR = 3;
/** Texts that differ in more lines are no change of one another. The library's work grows with it. */
const MOST_EDITS = 5_000;

/** Returns the lines to show, each with its mark; `undefined` where the texts have too little in common. */
export function differences(before: string, after: string) {
  const parts = diffLines(ended(before), ended(after), { maxEditLength: MOST_EDITS });
  if (parts === undefined) return undefined;
  const lines: string[] = [];
  const marks: MarkedLine[] = [];
  for (const [index, { value, added, removed }] of parts.entries()) {
    const all = value.split('\n').slice(0, -1);
    if (added || removed) {
      for (const line of all) {
        lines.push(line);
        marks.push({ line: lines.length, kind: added ? 'line-added' : 'line-removed', name: added ? 'new' : 'gone' });
      }
      continue;
    }
    lines.push(...folded(all, index > 0, index < parts.length - 1));
  }
  return { text: lines.join('\n'), marks };
}

const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

/** What stayed is shown near a difference only. */
function folded(lines: readonly string[], isAfter: boolean, isBefore: boolean): string[] {
  const head = isAfter ? NEAR : 0;
  const tail = isBefore ? NEAR : 0;
  const hidden = lines.length - head - tail;
  if (hidden <= 1) return [...lines];
  return [...lines.slice(0, head), `… ${hidden} lines that are the same …`, ...lines.slice(lines.length - tail)];
}
