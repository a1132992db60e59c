import { parseArgs } from 'node:util';
import { configSettings } from '../config/config.ts';
import type { SettingInfo } from '../config/settings.ts';
import { UsageError } from './io.ts';

/** An option of a command: takes a value, or is a switch. */
export interface Option {
  readonly type: 'string' | 'boolean';
  /** What the value is called in the help; for a switch, empty. */
  readonly value?: string;
  readonly help: string;
}

/** Options by name, without the dashes. */
export type Options = Readonly<Record<string, Option>>;

/** What a person gave: text for options that take a value, `true` for switches. */
export type Given<T extends Options> = { [K in keyof T]?: T[K]['type'] extends 'boolean' ? boolean : string };

/** Parses the arguments of a command that takes nothing but options. @throws UsageError */
export function parseOptions<const T extends Options>(args: readonly string[], options: T): Given<T> {
  return parse(args, options, false).values as Given<T>;
}

/**
 * Parses the arguments of a command that takes words, which `names` names in their order, and options.
 * @throws UsageError, also when a word is missing or one too many
 */
export function parseWords<const T extends Options>(
  args: readonly string[],
  names: readonly string[],
  options: T,
): { readonly words: readonly string[]; readonly given: Given<T> } {
  const { positionals, values } = parse(args, options, true);
  const missing = names[positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  const extra = positionals[names.length];
  if (extra !== undefined) throw new UsageError(`Unexpected argument ${JSON.stringify(extra)}`);
  return { words: positionals, given: values as Given<T> };
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
    // Node's message goes on about how to write a positional argument that looks like an option.
    throw new UsageError((error as Error).message.split('. ', 1)[0] ?? '', { cause: error });
  }
}

/** The whole number in an option's value, within limits. @throws UsageError */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most)
    throw new UsageError(
      `--${option} must be a number ${least > 0 ? `from ${least} to` : 'up to'} ${most}, not ${text}`,
    );
  return number;
}

/** Options in columns, one a line. */
export function describeOptions(options: Options): string {
  const rows = Object.entries(options).map(([name, { value, help }]) => ({
    left: `--${name}${value === undefined ? '' : ` ${value}`}`,
    help,
  }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  return rows.map(({ left, help }) => `  ${left.padEnd(width)}  ${help}`).join('\n');
}

/** Every setting of a configuration as an option. */
export const settingOptions = (settings: readonly SettingInfo[]): Options => ({
  config: { type: 'string', value: 'FILE', help: 'YAML file with settings ($OVERLAY_NETWORK_CONFIG)' },
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

/** The operator's settings. */
export const configOptions = settingOptions(configSettings);
