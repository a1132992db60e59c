import process from 'node:process';
import { exitCodes, type CommandTable } from './io.ts';
import { runProgram } from './program.ts';
import { stopSignal } from './signals.ts';

/**
 * Runs a command of `commands` with the arguments, streams and signals of this process, then exits with its status.
 */
export async function startProgram(commands: CommandTable): Promise<void> {
  const { stdout, stderr, env } = process;
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader closed the pipe (`overlay-network demo | head`). The exit status is that of SIGPIPE.
      if (error.code === 'EPIPE') process.exit(exitCodes.pipeClosed);
      throw error;
    });
  const code = await runProgram(
    process.argv.slice(2),
    { stdout, stderr, env, signal: stopSignal() },
    commands,
  );
  // The process exits explicitly, because an idle socket of a library can keep the event loop alive.
  stdout.write('', () => process.exit(code));
}
