/** A text stream that may be a terminal. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** The surroundings of a command: what a test replaces. */
export interface Io {
  /** Results, and the progress of commands for people. */
  readonly stdout: Output;
  /** Complaints and the log. */
  readonly stderr: Output & NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the person or the system asks the program to end. */
  readonly signal: AbortSignal;
}

/** How the program ends; part of its interface. */
export const exitCodes = {
  /** Did what was asked, or was asked to stop while it ran as it should. */
  done: 0,
  /** Could not do it: the message says why. */
  failed: 1,
  /** Was not called rightly: unknown command or option, or a configuration that is not valid. */
  usage: 2,
  /** Was interrupted before it had finished (128 + SIGINT). */
  interrupted: 130,
  /** Nobody reads the output any more (128 + SIGPIPE). */
  pipeClosed: 141,
} as const;

/** The program was called wrongly; the message is for the person who did. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

/** One word after `overlay-network`. */
export interface Command {
  /** Its arguments and options, for `help <command>`. */
  readonly help: string;
  /**
   * Runs it; resolves with the exit code.
   * @throws UsageError, ConfigError, or what went wrong
   */
  run(args: readonly string[], io: Io): Promise<number>;
}

/** A command as the program lists it. */
export interface CommandEntry {
  /** One line for the overview. */
  readonly summary: string;
  /** Loads the command when it is called, so that a process loads no other command. */
  readonly load: () => Promise<Command>;
}

/** The commands of a program by name, in the order in which the overview lists them. */
export type CommandTable = Readonly<Record<string, CommandEntry>>;

/** Resolves when the program is asked to end. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
