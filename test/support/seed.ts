import process from 'node:process';

/**
 * Returns the seed of the random cases of a suite. The seed is fixed, so that failures are reproducible;
 * OVERLAY_TEST_SEED sets another seed. The function prints the seed directly to stderr, because jest hides
 * the output of suites that pass.
 */
export function seedOf(suite: string, fixed: number): number {
  const seed = Number(process.env['OVERLAY_TEST_SEED'] ?? fixed);
  process.stderr.write(`seed of ${suite}: ${seed}\n`);
  return seed;
}
