/** Returns a random number in [0, 1), like Math.random. Tests replace the function. */
export type Random = () => number;

/**
 * An exponential backoff: the delay starts with `baseMs`, doubles with each failure, and never exceeds
 * `maxMs`.
 */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Returns the delay in ms before retry number `attempt` (counted from 1). The delay is a random value between
 * 50% and 100% of the exponential value. The jitter prevents clients that failed at the same time from
 * retrying at the same time.
 */
export function backoffDelay(backoff: Backoff, attempt: number, random: Random): number {
  const full = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(attempt - 1, 30));
  return full * (0.5 + 0.5 * random());
}
