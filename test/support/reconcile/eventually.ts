/** Resolves when `condition` holds; rejects with what it last threw, or with its source, after `timeoutMs`. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  let problem: unknown;
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline;) {
    try {
      if (await condition()) return;
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`did not come true within ${timeoutMs} ms: ${condition.toString()}`, { cause: problem });
}
