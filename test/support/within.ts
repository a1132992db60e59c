import { expect } from '@jest/globals';

/**
 * Proves that something can be done within a time, in ms: the best of up to five counts, as the machine that tests run
 * on may be busy with other things.
 */
export async function within(limitMs: number, measure: (round: number) => Promise<number>): Promise<void> {
  const took: number[] = [];
  for (let round = 0; round < 5 && !took.some((ms) => ms < limitMs); round++) took.push(await measure(round));
  expect(Math.min(...took)).toBeLessThan(limitMs);
}
