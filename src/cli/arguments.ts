import { parseArgs } from 'node:util';
import { configSettings, type SettingInfo } from '../config/index.ts';
import { UsageError } from './io.ts';

/** An option of a command: an option with a value, or a switch. */
export interface Option {
  readonly type: 'string' | 'boolean';
  /** The placeholder for the value in the help; unset for a switch. */
  readonly value?: string;
  readonly help: string;
}

/** Options by their names, without the leading dashes. */
export type Options = Readonly<Record<string, Option>>;

/** The options on a command line: text for options with a value, `true` for switches. */
type OptionValues<T extends Options> = {
  [K in keyof T]?: T[K]['type'] extends 'boolean' ? boolean : string;
};

/**
 * Parses the arguments of a command that accepts only options.
 *
 * @throws UsageError for an unknown option, a missing value or a positional argument
 */
export function parseOptions<const T extends Options>(args: readonly string[], options: T): OptionValues<T> {
  return parse(args, options, false).values as OptionValues<T>;
}

/**
 * Parses the arguments of a command that accepts positional arguments and options.
 *
 * @param names the names of the positional arguments, in their order
 * @throws UsageError for an invalid option, a missing positional argument or an additional one
 */
export function parseWords<const T extends Options>(
  args: readonly string[],
  names: readonly string[],
  options: T,
): { readonly words: readonly string[]; readonly given: OptionValues<T> } {
  const { positionals, values } = parse(args, options, true);
  const missing = names[positionals.length];
  if (missing !== undefined) throw new UsageError(`The argument ${missing} is missing`);
  const extra = positionals[names.length];
  if (extra !== undefined) throw new UsageError(`Unexpected argument ${JSON.stringify(extra)}`);
  return { words: positionals, given: values as OptionValues<T> };
}

function parse(args: readonly string[], options: Options, allowPositionals: boolean) {
  try {
    return parseArgs({
      args: [...args],
      options: Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }])),
      strict: true,
      allowPositionals,
    });
  } catch (error) {
    // The second sentence of Node's message explains positional arguments that look like options: it does not help
    // here.
    throw new UsageError((error as Error).message.split('. ', 1)[0] ?? '', { cause: error });
  }
}

/**
 * Parses the value of an option as a whole number from `min` to `max`.
 *
 * @throws UsageError when the text is not such a number
 */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < min || number > max)
    throw new UsageError(
      `--${option} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`,
    );
  return number;
}

/** Formats the options for the help: one line for each option, in columns. */
export function describeOptions(options: Options): string {
  const rows = Object.entries(options).map(([name, { value, help }]) => ({
    left: `--${name}${value === undefined ? '' : ` ${value}`}`,
    help,
  }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  return rows.map(({ left, help }) => `  ${left.padEnd(width)}  ${help}`).join('\n');
}

/** Returns an option for each setting, and `--config`. */
export const settingOptions = (settings: readonly SettingInfo[]): Options => ({
  config: {
    type: 'string',
    value: 'FILE',
    help: 'YAML file with settings (default: $OVERLAY_NETWORK_CONFIG)',
  },
  ...Object.fromEntries(
    settings.map(({ flag, help, fallback }): [string, Option] => [
      flag,
      {
        type: 'string',
        value: 'VALUE',
        help: fallback === undefined ? help : `${help} (default: ${fallback})`,
      },
    ]),
  ),
});

/** The operator's settings as options. */
export const configOptions = settingOptions(configSettings);
