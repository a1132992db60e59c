import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** How a program ended, and what it said. */
export interface Outcome {
  /** Exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** What it reads on standard input; default: nothing. */
  readonly input?: string;
  /** Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the program with SIGTERM. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which it is killed; default 60 000. */
  readonly timeoutMs?: number;
}

/** A program that ended in another way than it should. */
export class CommandError extends Error {
  readonly code = 'COMMAND_FAILED';
  readonly outcome: Outcome;

  constructor(argv: readonly string[], outcome: Outcome) {
    const said = (outcome.stderr.trim() || outcome.stdout.trim()).slice(-2000);
    super(`${argv.join(' ')} ended with ${outcome.code}${said === '' ? '' : `: ${said}`}`);
    this.name = 'CommandError';
    this.outcome = outcome;
  }
}

/** Runs a program to its end, whatever that is. Rejects only when it cannot be started, or `signal` is aborted. */
export async function attempt(argv: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const { input = '', env, signal, timeoutMs = 60_000 } = options;
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    ...(env === undefined ? {} : { env }),
    ...(signal === undefined ? {} : { signal }),
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, by) => resolve(code ?? by ?? 0));
  });
  // One that ends without reading its input is no error of ours.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

/** Runs a program and resolves with its standard output. @throws CommandError unless it ends with 0 */
export async function run(argv: readonly string[], options?: CommandOptions): Promise<string> {
  const outcome = await attempt(argv, options);
  if (outcome.code !== 0) throw new CommandError(argv, outcome);
  return outcome.stdout;
}
