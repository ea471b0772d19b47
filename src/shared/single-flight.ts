/**
 * Runs one piece of work for many callers. The first caller is the leader: it does the work. The others are followers:
 * they get the leader's result. A leader can fail, or never return because its client disconnected and the runtime
 * dropped its request. A shared promise would then fail for all; here, one of the followers becomes the leader.
 */
import { type Platform, within } from './platform.ts';
import type { Result } from './result.ts';

/** After this many failed leaders, a follower returns the failure as its own. */
const TURNS = 3;
/** All time limits of the work together (two look-ups, the keyring) are shorter: a slower leader has been dropped. */
const LEADER_WITHIN_MS = 60_000;
/** A follower that has waited this long returns the leader's failure as its own. */
const PATIENCE_MS = 10_000;

export class SingleFlight<T, E> {
  readonly #flights = new Map<string, Promise<Result<T, E>>>();

  /** After `leaderWithinMs` milliseconds, a leader that has not returned counts as dropped. */
  constructor(
    private readonly platform: Pick<Platform, 'timer' | 'waitUntil'>,
    private readonly leaderWithinMs = LEADER_WITHIN_MS,
  ) {}

  /** Returns true while a leader works for this key. */
  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /** Returns the result of `work`, which runs once at a time for each key. It continues when its client disconnects. */
  async run(key: string, work: () => Promise<Result<T, E>>): Promise<Result<T, E>> {
    const patience = this.platform.timer(PATIENCE_MS);
    let isPatient = true;
    void patience.elapsed.then(() => {
      isPatient = false;
    });
    for (let turn = 1; ; turn += 1) {
      const running = this.#flights.get(key);
      if (running === undefined) {
        patience.cancel();
        return await this.#lead(key, work);
      }
      const shared = await within(
        this.platform,
        this.leaderWithinMs,
        running.catch(() => undefined),
      );
      if (shared?.ok || (shared !== undefined && (turn >= TURNS || !isPatient))) {
        patience.cancel();
        return shared;
      }
      // A new leader takes the place of one that failed or never returned.
      if (this.#flights.get(key) === running) this.#flights.delete(key);
    }
  }

  #lead(key: string, work: () => Promise<Result<T, E>>): Promise<Result<T, E>> {
    const flight = work().finally(() => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    });
    this.#flights.set(key, flight);
    this.platform.waitUntil(flight.catch(() => undefined));
    return flight;
  }
}
