/** Waiting on conditions, and for how long. */

/**
 * How long a test waits for what should come, in ms. Nothing is proved by its being short: where a time is promised,
 * the test measures it.
 */
export const patienceMs = 30_000;

/** First and longest pause between two looks, in ms: lists of many objects cost more to look at. */
const pauseMs = { first: 10, most: 200 };

/**
 * Resolves with what `look` returns as soon as it neither throws nor returns false.
 *
 * @param options.firstPauseMs pauses grow from this: more for looks that cost as much as what is waited for
 * @throws what it threw last, after `timeoutMs`; `context` may add to the message what helps to understand it.
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  {
    timeoutMs = patienceMs,
    firstPauseMs = pauseMs.first,
    context,
  }: { timeoutMs?: number; firstPauseMs?: number; context?: () => string } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 1.5, pauseMs.most)) {
    const began = performance.now();
    try {
      const seen = await look();
      if (seen === false) throw new Error(`still false: ${look.toString()}`);
      return seen;
    } catch (error) {
      if (performance.now() > deadline) {
        if (error instanceof Error) {
          error.message = `not so within ${timeoutMs} ms: ${error.message}${context === undefined ? '' : `\n${context()}`}`;
        }
        throw error;
      }
    }
    const took = performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, Math.max(pause, took)));
  }
}
