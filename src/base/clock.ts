/** A pending timer of a {@link Clock}. */
export interface Timer {
  /** Nothing happens when it has fired already. */
  cancel(): void;
}

/**
 * Time as an edge, so that tests own it. Decisions use `now` (monotonic: steps of the wall clock do not show);
 * `date` is only for what people read.
 */
export interface Clock {
  /** Monotonic milliseconds since some moment. */
  now(): number;
  /** Wall time, for timestamps written to objects. */
  date(): Date;
  /** Calls `callback` once after `ms` milliseconds. */
  setTimer(ms: number, callback: () => void): Timer;
}

/** Longer delays than this overflow Node's timers, which then fire at once. */
const maxDelayMs = 2 ** 31 - 1;

/** The machine's clock. */
export const realClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  setTimer: (ms, callback) => {
    const handle = setTimeout(callback, Math.min(Math.max(ms, 0), maxDelayMs));
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `ms`, or at once when `signal` is or becomes aborted: the caller looks at the signal. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.setTimer(ms, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

/** A date as Kubernetes' MicroTime: '2006-01-02T15:04:05.000000Z'. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
