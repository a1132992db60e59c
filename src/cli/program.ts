import { ConfigError } from '../config/index.ts';
import { version } from '../process/version.ts';
import { exitCodes, UsageError } from './io.ts';
import type { CommandEntry, CommandTable, Io } from './io.ts';
import { commands as installed } from './commands.ts';

/**
 * Runs the program and resolves with the exit status (`exitCodes`). Writes errors to `io.stderr` and never rejects.
 *
 * @param args the words after the name of the program
 */
export async function runProgram(
  args: readonly string[],
  io: Io,
  commands: CommandTable = installed,
): Promise<number> {
  try {
    return await dispatch(args, io, commands);
  } catch (error) {
    if (error instanceof UsageError) {
      io.stderr.write(
        `overlay-network: ${error.message}\nRun \`overlay-network help\` for the commands and options.\n`,
      );
      return exitCodes.usage;
    }
    if (error instanceof ConfigError) {
      io.stderr.write(`overlay-network: ${error.message}\n`);
      return exitCodes.usage;
    }
    if (io.signal.aborted) {
      io.stderr.write('overlay-network: interrupted\n');
      return exitCodes.interrupted;
    }
    io.stderr.write(`overlay-network: ${describe(error)}\n`);
    return exitCodes.failed;
  }
}

async function dispatch([name, ...args]: readonly string[], io: Io, commands: CommandTable): Promise<number> {
  switch (name) {
    case undefined:
      io.stderr.write(overview(commands));
      return exitCodes.usage;
    case 'version':
    case '--version':
      io.stdout.write(`${version()}\n`);
      return exitCodes.done;
    case 'help':
    case '--help':
    case '-h':
      io.stdout.write(args[0] === undefined ? overview(commands) : await details(args[0], commands));
      return exitCodes.done;
    default: {
      const { load } = find(name, commands);
      // The arguments after `--` belong to another program.
      const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
      if (own.includes('--help') || own.includes('-h')) {
        io.stdout.write(await details(name, commands));
        return exitCodes.done;
      }
      return (await load()).run(args, io);
    }
  }
}

function find(name: string, commands: CommandTable): CommandEntry {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) throw new UsageError(`Unknown command ${JSON.stringify(name)}`);
  return entry;
}

const summaries = (lines: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`).join('\n');
};

const overview = (
  commands: CommandTable,
): string => `overlay-network ${version()}: virtual networks for Kubernetes, implemented by OVN

Usage: overlay-network COMMAND [OPTION...]

${summaries([
  ...Object.entries(commands).map(([name, { summary }]) => [name, summary] as const),
  ['version', 'print the version'],
  ['help', 'print this text; `help COMMAND` prints the options of a command'],
])}

Exit status: ${exitCodes.done} success, or stopped by a signal; ${exitCodes.failed} failure; \
${exitCodes.usage} invalid command line or configuration;
${exitCodes.interrupted} interrupted before the command finished.
`;

async function details(name: string, commands: CommandTable): Promise<string> {
  const { summary, load } = find(name, commands);
  const { help } = await load();
  return `overlay-network ${name}: ${summary}\n\n${help}\n`;
}

/** Formats an error and its causes, one line for each. */
function describe(error: unknown): string {
  const lines: string[] = [];
  for (let at = error; at !== undefined && lines.length < 5; at = (at as { cause?: unknown }).cause)
    lines.push((at as { message?: string }).message ?? JSON.stringify(at));
  return lines.join('\n  cause: ');
}
