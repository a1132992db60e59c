/** How long to wait between rounds of attempts. */
export interface BackoffOptions {
  /** First wait, ms. */
  readonly minMs: number;
  /** Longest wait, ms. */
  readonly maxMs: number;
}

/**
 * Milliseconds before round `round` (1 is the first retry): doubling, with jitter so that clients of one server
 * do not come back together. Never more than `maxMs`, never less than half of the unjittered wait.
 *
 * @param random a number in [0, 1).
 */
export function backoffDelay(round: number, options: BackoffOptions, random: number): number {
  const full = Math.min(options.maxMs, options.minMs * 2 ** Math.min(round - 1, 30));
  return full / 2 + (full / 2) * random;
}

/** A copy of `items` in random order. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}
