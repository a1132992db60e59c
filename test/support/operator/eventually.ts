/** Waiting on conditions that are written as assertions. */

/** First and longest pause between two looks, in ms: lists of many objects cost more to look at. */
const pauseMs = { first: 10, most: 200 };

/**
 * Resolves with what `look` returns as soon as it does not throw.
 *
 * @throws what it threw last, after `timeoutMs`; `context` may add to the message what helps to understand it.
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  { timeoutMs = 10_000, context }: { timeoutMs?: number; context?: () => string } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let pause = pauseMs.first; ; pause = Math.min(pause * 1.5, pauseMs.most)) {
    const began = performance.now();
    try {
      return await look();
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
