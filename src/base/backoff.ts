/** A random number in [0, 1), as Math.random; injected so that tests can repeat a run. */
export type Random = () => number;

/** An exponential backoff: `baseMs` after the first failure, doubled with each, never above `maxMs`. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * The delay before try number `attempt` (1 is the first retry), between half and all of the exponential value:
 * without the jitter everyone who failed together would come back together.
 */
export function backoffDelay(backoff: Backoff, attempt: number, random: Random): number {
  const full = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(attempt - 1, 30));
  return full * (0.5 + 0.5 * random());
}
