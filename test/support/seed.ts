import process from 'node:process';

/**
 * The seed of a suite's random cases: fixed, so that a failure stays; OVERLAY_TEST_SEED looks elsewhere. It is printed,
 * past jest, which says nothing of suites that pass.
 */
export function seedOf(suite: string, fixed: number): number {
  const seed = Number(process.env['OVERLAY_TEST_SEED'] ?? fixed);
  process.stderr.write(`seed of ${suite}: ${seed}\n`);
  return seed;
}
