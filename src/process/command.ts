import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** The exit status and the output of a program. */
export interface Outcome {
  /** The exit status, or the signal that ended the program. */
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Standard input of the program; default: empty. */
  readonly input?: string;
  /** Environment of the program; default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the program with SIGTERM. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which the program is killed; default: 60 000. */
  readonly timeoutMs?: number;
}

/** A program ended with another status than 0. */
export class CommandError extends Error {
  readonly code = 'COMMAND_FAILED';
  readonly outcome: Outcome;

  constructor(argv: readonly string[], outcome: Outcome) {
    const output = (outcome.stderr.trim() || outcome.stdout.trim()).slice(-2000);
    super(`${argv.join(' ')} ended with ${outcome.code}${output === '' ? '' : `: ${output}`}`);
    this.name = 'CommandError';
    this.outcome = outcome;
  }
}

/**
 * Runs a program and resolves with any outcome. Rejects only when the program cannot start, or `signal` is aborted.
 */
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
  // A program that ends without reading its input causes EPIPE here. Only its exit status matters.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

/**
 * Runs a program and resolves with its standard output.
 *
 * @throws CommandError unless the program ends with status 0
 */
export async function run(argv: readonly string[], options?: CommandOptions): Promise<string> {
  const outcome = await attempt(argv, options);
  if (outcome.code !== 0) throw new CommandError(argv, outcome);
  return outcome.stdout;
}
