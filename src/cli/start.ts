import process from 'node:process';
import { exitCodes, type CommandTable } from './io.ts';
import { runProgram } from './program.ts';
import { stopSignal } from './signals.ts';

/** Runs one command of `commands` with this process's arguments, streams and signals, then exits with its code. */
export async function startProgram(commands: CommandTable): Promise<void> {
  const { stdout, stderr, env } = process;
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader of the output has closed its end (`overlay-network demo | head`): exit as SIGPIPE would.
      if (error.code === 'EPIPE') process.exit(exitCodes.pipeClosed);
      throw error;
    });
  const code = await runProgram(
    process.argv.slice(2),
    { stdout, stderr, env, signal: stopSignal() },
    commands,
  );
  // An idle socket of a library keeps the event loop alive, so the process does not wait for the loop to empty.
  stdout.write('', () => process.exit(code));
}
