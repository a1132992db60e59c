// One line of progress a step on standard error: rewritten on a terminal, plain otherwise. Standard output belongs to
// the program that runs after the set-up.

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Runs `work` under a line that says what is done, and how long it took. `work` must not print. */
export async function step(label, work) {
  const since = performance.now();
  const terminal = process.stderr.isTTY;
  process.stderr.write(terminal ? `${label} …` : `${label} ...\n`);
  try {
    const result = await work();
    if (terminal) process.stderr.write(`\r\x1b[K${label}: done (${seconds(since)})\n`);
    return result;
  } catch (error) {
    if (terminal) process.stderr.write(`\r\x1b[K${label}: failed\n`);
    throw error;
  }
}
