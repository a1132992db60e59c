/** A text stream that may be a terminal. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** The environment of a command, which tests replace. */
export interface Io {
  /** For results, and for the progress of interactive commands. */
  readonly stdout: Output;
  /** For errors and the log. */
  readonly stderr: Output & NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when a signal asks the program to end. */
  readonly signal: AbortSignal;
}

/** The exit statuses of the program. Scripts depend on them. */
export const exitCodes = {
  /** The command succeeded, or a signal stopped a command that runs until it is stopped. */
  done: 0,
  /** The command failed; the message on standard error explains the cause. */
  failed: 1,
  /** The command line or the configuration is invalid. */
  usage: 2,
  /** A signal interrupted the command before it finished (128 + SIGINT). */
  interrupted: 130,
  /** The reader of the output closed the pipe (128 + SIGPIPE). */
  pipeClosed: 141,
} as const;

/** The command line is invalid. The message is for the user. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

/** A command of the program: the first word after `overlay-network`. */
export interface Command {
  /** The description of the arguments and options, for `help COMMAND`. */
  readonly help: string;
  /**
   * Runs the command and resolves with the exit status.
   *
   * @throws UsageError when the arguments are invalid
   * @throws ConfigError when the configuration is invalid
   * @throws Error when the command fails
   */
  run(args: readonly string[], io: Io): Promise<number>;
}

/** A command in the list of commands. */
export interface CommandEntry {
  /** The description in the overview: one line. */
  readonly summary: string;
  /** Loads the command. A process calls this only for the command that it runs. */
  readonly load: () => Promise<Command>;
}

/** The commands of a program by name, in the order of the overview. */
export type CommandTable = Readonly<Record<string, CommandEntry>>;

/** Resolves when `signal` is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
