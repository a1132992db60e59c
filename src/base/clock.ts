/** A timer of a {@link Clock}. */
export interface Timer {
  /** Cancels the timer. Has no effect after the timer has fired. */
  cancel(): void;
}

/**
 * A source of time that tests can replace. Decisions use `now`, because it is monotonic and ignores changes
 * of the wall clock. `date` is only for timestamps that users read.
 */
export interface Clock {
  /** Returns monotonic milliseconds since an arbitrary moment. */
  now(): number;
  /** Returns the wall time, for timestamps in objects. */
  date(): Date;
  /** Calls `callback` once after `ms` milliseconds. */
  setTimer(ms: number, callback: () => void): Timer;
}

/** The maximum delay of Node's timers. A timer with a longer delay fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The clock of the machine. */
export const realClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  setTimer: (ms, callback) => {
    const handle = setTimeout(callback, Math.min(Math.max(ms, 0), MAX_DELAY_MS));
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `ms`, or as soon as `signal` is aborted. The caller must check the signal afterwards. */
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

/** Formats a date as MicroTime of Kubernetes: '2006-01-02T15:04:05.000000Z'. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
