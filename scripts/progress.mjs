// Prints one line of progress per step to standard error. On a terminal, the line is updated when the step ends.
// Standard output belongs to the program that runs after the set-up.

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Runs `work` and prints a line with the label and, on a terminal, the duration. `work` must not print. */
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
