/**
 * Many askers, one piece of work. Unlike a shared promise, a leader that fails or never comes back (its client hung up
 * and the runtime dropped it) does not take its followers down: they try again among themselves.
 */
import { type Platform, within } from './platform.ts';
import type { Result } from './result.ts';

/** A follower leads or joins this many times before it takes the failure for its own. */
const TURNS = 3;
/** A leader silent for longer than all its own limits together is gone: a pair of look-ups, and the keyring's. */
const LEADER_WITHIN_MS = 60_000;
/** A follower that has waited this long takes the leader's failure for its own. */
const PATIENCE_MS = 10_000;

export class SingleFlight<T, E> {
  readonly #flights = new Map<string, Promise<Result<T, E>>>();

  constructor(private readonly platform: Pick<Platform, 'timer' | 'waitUntil'>) {}

  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /** `work` runs at most once at a time for a key; it is kept alive so that a client can leave. */
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
        LEADER_WITHIN_MS,
        running.catch(() => undefined),
      );
      if (shared?.ok || (shared !== undefined && (turn >= TURNS || !isPatient))) {
        patience.cancel();
        return shared;
      }
      // A leader that never came back must not hold its place.
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
