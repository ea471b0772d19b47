/**
 * The network, the clock, random numbers and timers. A room uses them only through a `Platform`: `index.ts` passes the
 * real one, and tests pass their own.
 */
export interface Platform {
  readonly fetch: (request: Request) => Promise<Response>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Returns a number in [0, 1). It is for jitter and sampling, never for secrets. */
  readonly random: () => number;
  readonly timer: (milliseconds: number) => Timer;
  /** Lets `work` continue after the answer was sent (`waitUntil` of `cloudflare:workers`). No caller sees it reject. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

interface Timer {
  /** Resolves when the time is over. After `cancel` it never resolves. */
  readonly elapsed: Promise<void>;
  cancel(): void;
}

/** The platform of the runtime. `index.ts` adds `waitUntil`, which only workerd has. */
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

/** Returns what `work` resolves to, or `undefined` after `milliseconds`. It rejects only when `work` rejects. */
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
