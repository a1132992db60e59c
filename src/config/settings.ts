/**
 * Reads the settings of a table from defaults, a file, variables and options. Independent of the individual settings.
 */
import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { unknownVariables } from './unknown-variables.ts';
import { InvalidValueError, type Parser } from './values.ts';

/** A setting: its parser, its default, and one line of help. */
export interface Setting<T> {
  readonly parse: Parser<T>;
  readonly fallback: T;
  readonly help: string;
}

export const setting = <T>(parse: Parser<T>, fallback: NoInfer<T>, help: string): Setting<T> => ({
  parse,
  fallback,
  help,
});

/** Settings by their keys in the file. A dot separates the group from the setting: `tls.ca`. */
type SettingTable = Readonly<Record<string, Setting<unknown>>>;

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** The description of a setting: key in the file, flag (without dashes), variable, default and help. */
export interface SettingInfo {
  readonly key: string;
  readonly flag: string;
  readonly env: string;
  /** The default; undefined when the setting has no default or an empty default. */
  readonly fallback: string | undefined;
  readonly help: string;
}

/** The sources of settings. The precedence rises from the defaults over `file` and `env` to `flags`. */
export interface ConfigSources {
  /** Path of a YAML file; default: the variable OVERLAY_NETWORK_CONFIG. */
  readonly file?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Values of command line flags by name without dashes (`ovn-nb-endpoint`), as node:util's parseArgs gives them. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

/** The effective value of a setting. */
export interface EffectiveSetting {
  /** The key in the file. */
  readonly key: string;
  readonly value: unknown;
  /** The source of the value: `default`, the path and key of a file, a variable, or an option. */
  readonly source: string;
}

/**
 * The configuration is invalid. `problems` has one line for each invalid setting. A retry without a change fails
 * again.
 */
export class ConfigError extends Error {
  readonly code = 'INVALID_CONFIG';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(
      `the configuration is invalid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
      options,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const flagName = (key: string): string =>
  key.replace('.', '-').replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const envName = (key: string): string =>
  `OVERLAY_NETWORK_${flagName(key).replaceAll('-', '_').toUpperCase()}`;

/** Whether a value in a source counts as not set. An empty list means the default if the default is an empty list. */
function isUnset(value: unknown, fallback: unknown): boolean {
  if (Array.isArray(value) && value.length === 0) return Array.isArray(fallback) && fallback.length === 0;
  return value === undefined || value === null || value === '';
}

/** Describes the settings of a table, in the order of the table. */
export const describeSettings = (table: SettingTable): readonly SettingInfo[] =>
  Object.entries(table).map(([key, each]) => {
    const { fallback, help } = each as Setting<string | number | boolean | readonly string[] | undefined>;
    const printed = fallback === undefined ? '' : String(fallback);
    return { key, flag: flagName(key), env: envName(key), fallback: printed || undefined, help };
  });

/**
 * Reads settings, each from the source with the highest precedence. An empty variable or flag counts as not set. For
 * an invalid value the reader returns the default and adds a line to `problems`. An unknown key in the file is a
 * problem. An unknown variable causes only a warning, because another program of this project may read it.
 */
export class SettingReader<T extends SettingTable> {
  /** One line for each problem. Callers may add lines. */
  readonly problems: string[] = [];
  readonly #table: T;
  readonly #sources: ConfigSources;
  readonly #path: string | undefined;
  readonly #file: ReadonlyMap<string, unknown>;
  readonly #effective = new Map<string, EffectiveSetting>();

  constructor(table: T, sources: ConfigSources) {
    this.#table = table;
    this.#sources = sources;
    this.#path = sources.file ?? (sources.env?.['OVERLAY_NETWORK_CONFIG'] || undefined);
    this.#file =
      this.#path === undefined ? new Map() : readFile(this.#path, Object.keys(table), this.problems);
  }

  valueOf<K extends keyof T & string>(key: K): ValueOf<T[K]> {
    const { parse, fallback } = this.#table[key] as Setting<ValueOf<T[K]>>;
    const { flags = {}, env = {} } = this.#sources;
    const given = [
      { value: flags[flagName(key)], source: `--${flagName(key)}` },
      { value: env[envName(key)], source: envName(key) },
      { value: this.#file.get(key), source: `${this.#path ?? ''}: ${key}` },
    ].find(({ value }) => !isUnset(value, fallback));
    this.#effective.set(key, { key, value: fallback, source: 'default' });
    if (given === undefined) return fallback;
    try {
      const { value, source } = given;
      const parsed = parse(textOf(value, parse.isList === true));
      this.#effective.set(key, { key, value: parsed, source });
      return parsed;
    } catch (error) {
      if (!(error instanceof InvalidValueError)) throw error;
      this.problems.push(`${given.source} ${error.message}; the value is ${JSON.stringify(given.value)}`);
      return fallback;
    }
  }

  /** Returns a sentence for each variable that looks like a setting and is none. */
  warnings(): readonly string[] {
    const known = Object.keys(this.#table).map(envName);
    return unknownVariables(this.#sources.env ?? {}, [...known, 'OVERLAY_NETWORK_CONFIG']);
  }

  /** Returns the settings that were read, in the order of the table. */
  effective(): readonly EffectiveSetting[] {
    return Object.keys(this.#table).flatMap((key) => this.#effective.get(key) ?? []);
  }
}

/** Returns the text of a value in a file; of a list, the members with commas. */
function textOf(value: unknown, isList: boolean): string {
  if (isList && Array.isArray(value)) {
    if (value.length === 0) throw new InvalidValueError('must not be an empty list');
    return value.map((member) => textOf(member, false)).join(',');
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  throw new InvalidValueError(isList ? 'must be a list of single values' : 'must be a single value');
}

/**
 * Returns the settings in a file by their dotted keys. Adds a line to `problems` for each unreadable part and unknown
 * key.
 */
function readFile(path: string, keys: readonly string[], problems: string[]): Map<string, unknown> {
  const found = new Map<string, unknown>();
  let document: unknown;
  try {
    document = parseYaml(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    problems.push(`cannot read ${path}: ${(error as Error).message.split('\n', 1)[0]}`);
    return found;
  }
  const groups = new Set(keys.flatMap((key) => (key.includes('.') ? [key.split('.')[0]] : [])));
  const visit = (value: unknown, prefix: string) => {
    // `tls:` without settings is a group without settings.
    if (value === null) return;
    if (typeof value !== 'object' || Array.isArray(value)) {
      problems.push(`${path}: ${prefix || 'the document'} must be a mapping`);
      return;
    }
    for (const [name, member] of Object.entries(value)) {
      const key = prefix ? `${prefix}.${name}` : name;
      if (groups.has(key)) visit(member, key);
      else if (keys.includes(key)) found.set(key, member);
      else problems.push(`${path}: unknown setting ${key}`);
    }
  };
  visit(document, '');
  return found;
}
