/**
 * What the pure rooms may not reach for themselves: network, clock, chance and time passing.
 * `index` hands in the real ones; tests hand in their own.
 */
export interface Platform {
  readonly fetch: (request: Request) => Promise<Response>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A number in [0, 1), for jitter only; never for secrets. */
  readonly random: () => number;
  readonly timer: (milliseconds: number) => Timer;
  /** Keeps a piece of work alive after the answer has gone out (`waitUntil` of `cloudflare:workers`). Its rejection is nobody's. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

interface Timer {
  /** Resolves when the time is over; never, once cancelled. */
  readonly elapsed: Promise<void>;
  cancel(): void;
}

/** The runtime's own, but for `waitUntil`, which only workerd has (`index`). */
export const systemPlatform: Omit<Platform, 'waitUntil'> = {
  fetch: (request) => fetch(request),
  now: () => Date.now(),
  random: () => Math.random(),
  timer: (milliseconds) => {
    let handle: ReturnType<typeof setTimeout> | undefined;
    const elapsed = new Promise<void>((resolve) => {
      handle = setTimeout(resolve, milliseconds);
    });
    return { elapsed, cancel: () => clearTimeout(handle) };
  },
};

/** What `work` gives, or `undefined` when it takes longer than `milliseconds`. Rejects only when `work` does. */
export async function within<T>(
  platform: Pick<Platform, 'timer'>,
  milliseconds: number,
  work: Promise<T>,
): Promise<T | undefined> {
  const timer = platform.timer(milliseconds);
  try {
    return await Promise.race([work, timer.elapsed.then(() => undefined)]);
  } finally {
    timer.cancel();
  }
}
