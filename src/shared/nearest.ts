/** Finds the known name that somebody may have meant by another one. No I/O. */

/** A name that differs in more is another name. */
const MOST_EDITS = 3;
/** No name that is known is nearly as long. */
const MOST_LENGTH = 64;

/** Returns the known name with the fewest edits, if they are few; letters count the same in either case. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > MOST_LENGTH) return undefined;
  const plain = (text: string) => text.toLowerCase().replaceAll(/[_-]/g, '');
  let best: string | undefined;
  let fewest = Math.min(MOST_EDITS, Math.floor(name.length / 2)) + 1;
  for (const candidate of known) {
    const edits = editsBetween(plain(name), plain(candidate));
    if (edits >= fewest) continue;
    best = candidate;
    fewest = edits;
  }
  return best;
}

/** Returns what to say of a name that is not known. */
export function notKnown(name: string, known: readonly string[], takes: string): string {
  if (known.length === 0) return `is not known: ${takes} takes none`;
  const meant = nearest(name, known);
  return `is not known${meant === undefined ? '' : `, perhaps ${meant}`}: ${takes} takes ${known.join(', ')}`;
}

/** The distance of Levenshtein: insertions, deletions and changes of one letter. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [at, letter] of [...a].entries()) {
    const next = [at + 1];
    for (let index = 0; index < b.length; index += 1)
      next.push(
        Math.min((next[index] ?? 0) + 1, (row[index + 1] ?? 0) + 1, (row[index] ?? 0) + (letter === b[index] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
