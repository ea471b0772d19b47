/** Plays operations in one order of their calls to R2: each call waits until it is let through, and time passes when nobody waits. */
import type { VirtualClock } from '../../support/virtual-clock.ts';
import type { BeforeCall } from './world.ts';

/** An operation; `before` is to be called before each of its calls to R2. */
export type Operation = (before: BeforeCall) => Promise<unknown>;

/** Chooses who goes on, by the place in `waiting`, which is in the order of the operations and never empty. */
export type Choose = (waiting: readonly number[], step: number) => number;

interface Player {
  go: (() => void) | undefined;
  isDone: boolean;
}

const PAUSE_MS = 100;

/** Plays the operations to their ends and returns in which order they went on. */
export async function interleave(
  clock: VirtualClock,
  operations: readonly Operation[],
  choose: Choose,
): Promise<number[]> {
  const order: number[] = [];
  const faults: unknown[] = [];
  const players: Player[] = operations.map(() => ({ go: undefined, isDone: false }));
  for (const [index, operation] of operations.entries()) {
    const player = players[index] as Player;
    const gate: BeforeCall = () =>
      new Promise<void>((resolve) => {
        queue(player, resolve);
      });
    operation(gate)
      .catch((cause: unknown) => faults.push(cause))
      .finally(() => {
        player.isDone = true;
      });
  }
  for (;;) {
    await everythingElse();
    const waiting = players.flatMap(({ go }, index) => (go === undefined ? [] : [index]));
    const [first] = waiting;
    if (first === undefined) {
      if (players.every(({ isDone }) => isDone)) break;
      // Somebody waits for a moment before it tries again.
      await clock.pass(PAUSE_MS);
      continue;
    }
    const chosen = waiting[choose(waiting, order.length)] ?? first;
    order.push(chosen);
    const player = players[chosen] as Player;
    const { go } = player;
    player.go = undefined;
    go?.();
  }
  if (faults.length > 0) throw faults[0];
  return order;
}

/** An operation may make several calls at once; they go on one after the other. */
function queue(player: Player, resolve: () => void): void {
  const earlier = player.go;
  player.go =
    earlier === undefined
      ? resolve
      : () => {
          earlier();
          queue(player, resolve);
        };
}

const everythingElse = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
