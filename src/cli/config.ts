import { resolveConfig } from '../config/index.ts';
import { configOptions, describeOptions, parseWords, type Options } from './arguments.ts';
import { exitCodes, UsageError, type Command } from './io.ts';
import { columns } from './table.ts';

const options = {
  json: { type: 'boolean', help: 'print one JSON document' },
  ...configOptions,
} as const satisfies Options;

/**
 * `overlay-network config print`: prints the effective settings. No setting is secret: private keys are given as file
 * paths.
 */
export const config: Command = {
  help: `\`config print\` prints the effective value of every setting and the source that sets it: an option, a variable, the
file or the default.

${describeOptions(options)}`,

  run(args, io) {
    const { words, given } = parseWords(args, ['print'], options);
    if (words[0] !== 'print')
      throw new UsageError(`Unknown subcommand \`config ${words[0] ?? ''}\`; use \`config print\``);
    const { json, ...rest } = given;
    const { config: file, ...flags } = rest as Readonly<Record<string, string | undefined>>;
    const { settings, warnings } = resolveConfig({ file, env: io.env, flags });
    for (const warning of warnings) io.stderr.write(`overlay-network: ${warning}\n`);
    const lines = settings.map(({ key, value, source }) => [key, printed(value), source]);
    io.stdout.write(
      json === true
        ? `${JSON.stringify({ settings }, null, 2)}\n`
        : columns([['SETTING', 'VALUE', 'SET BY'], ...lines]),
    );
    return Promise.resolve(exitCodes.done);
  },
};

const printed = (value: unknown): string =>
  value === undefined
    ? ''
    : typeof value === 'string'
      ? value
      : Array.isArray(value)
        ? value.join(',')
        : JSON.stringify(value);
