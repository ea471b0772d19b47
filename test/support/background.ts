/** What edges under test have left to do after their answers: the next file of tests must not find it being done. */
const going = new Set<Promise<unknown>>();

/** Notes work until it has ended. */
export function inBackground(work: Promise<unknown>): void {
  going.add(work);
  void work.catch(() => undefined).finally(() => going.delete(work));
}

/** Resolves when all of it has ended. */
export async function allSettled(): Promise<void> {
  while (going.size > 0) await Promise.allSettled(going);
}
