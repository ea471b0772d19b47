/** Steps as a Workflow keeps them: tried five times, and not again in the next life of the runtime once they have ended well. */
import type { DoStep } from '../../src/mirror/run-job.ts';
import type { Platform } from '../../src/shared/platform.ts';

const TRIES = 5;
const FIRST_DELAY_MS = 3_000;

export class KeptSteps {
  readonly #kept = new Map<string, unknown>();

  constructor(private readonly timer: Platform['timer']) {}

  /** The steps of one life; what ends after that is over is not kept. */
  life(isGone: () => boolean = () => false): DoStep {
    return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      if (this.#kept.has(name)) return this.#kept.get(name) as T;
      const value = await this.#tried(work);
      if (isGone()) return await new Promise<T>(() => undefined);
      this.#kept.set(name, value);
      return value;
    };
  }

  async #tried<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        // What a Workflow keeps is a copy.
        return structuredClone(await work());
      } catch (cause) {
        if (attempt >= TRIES) throw cause;
        await this.timer(FIRST_DELAY_MS * 2 ** (attempt - 1)).elapsed;
      }
    }
  }
}
