/** Random orders that can be reproduced: tests print their seed. */

/** The seeds of tests. OVERLAY_TEST_SEED replaces them. */
export const seeds: readonly number[] =
  process.env['OVERLAY_TEST_SEED'] === undefined ? [1, 2] : [Number(process.env['OVERLAY_TEST_SEED'])];

/** A generator of numbers in [0, 1). The same seed gives the same numbers (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A copy in random order. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}
