#!/usr/bin/env node
/** The program: its arguments and its signals go to src/cli, its exit code comes from there. */
import process from 'node:process';
import { nodeProblem } from './node-version.ts';

const problem = nodeProblem(process.version);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

// Before anything of size is loaded. Only what is started again and again leaves something behind.
if (process.argv[2] === 'run') (await import('./compile-cache.ts')).keepCompiled(process.env);
const [{ exitCodes }, { runProgram }, { stopSignal }] = await Promise.all([
  import('./cli/io.ts'),
  import('./cli/program.ts'),
  import('./cli/signals.ts'),
]);
const { stdout, stderr, env } = process;
for (const stream of [stdout, stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read what we print has seen enough (`overlay-network demo | head`): the end that SIGPIPE would be.
    if (error.code === 'EPIPE') process.exit(exitCodes.pipeClosed);
    throw error;
  });
const code = await runProgram(process.argv.slice(2), { stdout, stderr, env, signal: stopSignal() });
// Not by waiting for the event loop to empty: a library's idle socket must not hold up the end.
stdout.write('', () => process.exit(code));
