/** Waits for conditions. */

/**
 * The maximum time that a test waits for a condition. A short time would prove nothing. Tests measure times
 * that the software guarantees.
 */
export const WAIT_TIMEOUT_MS = 30_000;

/**
 * The first and the longest pause between two checks, in ms. Pauses grow, because checks of many objects are
 * expensive.
 */
const pauseMs = { first: 10, longest: 200 };

/**
 * Resolves with the result of `look` when it neither throws nor returns false.
 *
 * @param options.firstPauseMs the first pause. Expensive checks need a longer one
 * @throws the last error of `look` after `timeoutMs`. `context` adds details to its message
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  {
    timeoutMs = WAIT_TIMEOUT_MS,
    firstPauseMs = pauseMs.first,
    context,
  }: { timeoutMs?: number; firstPauseMs?: number; context?: () => string } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 1.5, pauseMs.longest)) {
    const began = performance.now();
    try {
      const seen = await look();
      if (seen === false) throw new Error(`still false: ${look.toString()}`);
      return seen;
    } catch (error) {
      if (performance.now() > deadline) {
        if (error instanceof Error) {
          error.message = `the condition is not satisfied after ${timeoutMs} ms: ${error.message}${context === undefined ? '' : `\n${context()}`}`;
        }
        throw error;
      }
    }
    const took = performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, Math.max(pause, took)));
  }
}
