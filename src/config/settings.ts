/** Settings of a program: a table of them, read from defaults, a file, variables and options. Knows no particular one. */
import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { Refusal, type Parser } from './values.ts';

/** One setting: how its text is read, what it is when nobody sets it, and one line of help. */
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

/** Settings by their keys in the file, a dot for a group; flags and variables follow from the keys. */
export type SettingTable = Readonly<Record<string, Setting<unknown>>>;

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** A setting as a person meets it: key in the file, flag (without dashes), variable, default and help. */
export interface SettingInfo {
  readonly key: string;
  readonly flag: string;
  readonly env: string;
  /** Unset: none, or an empty one. */
  readonly fallback: string | undefined;
  readonly help: string;
}

/** Where settings come from, in rising precedence: defaults, `file`, `env`, `flags`. */
export interface ConfigSources {
  /** Path of a YAML file; also taken from OVERLAY_NETWORK_CONFIG. */
  readonly file?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Values of command line flags by name without dashes (`ovn-nb-endpoint`), as node:util's parseArgs gives them. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

/** One setting as it is in effect. */
export interface EffectiveSetting {
  /** As in the file. */
  readonly key: string;
  readonly value: unknown;
  /** Where it was set: `default`, a file's path and key, a variable, or an option. */
  readonly source: string;
}

/** A configuration that is not valid. `problems` has one line for each wrong setting; a retry without a change is of no use. */
export class ConfigError extends Error {
  readonly code = 'INVALID_CONFIG';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(
      `the configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
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

/** The settings of a table as a person meets them, in its order. */
export const describeSettings = (table: SettingTable): readonly SettingInfo[] =>
  Object.entries(table).map(([key, each]) => {
    const { fallback, help } = each as Setting<string | number | boolean | readonly string[] | undefined>;
    const printed = fallback === undefined ? '' : String(fallback);
    return { key, flag: flagName(key), env: envName(key), fallback: printed || undefined, help };
  });

/**
 * Reads settings one by one, each from where it was set last. What is wrong is gathered in `problems`, with the
 * default in its place. An empty variable or flag counts as not set. Unknown keys in the file are refused; unknown
 * variables are not, since Kubernetes puts OVERLAY_NETWORK_SERVICE_HOST and the like into the pods beside a Service of
 * that name.
 */
export class SettingReader<T extends SettingTable> {
  /** One line for each; more may be added. */
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
    ].find(({ value }) => value !== undefined && value !== null && value !== '');
    this.#effective.set(key, { key, value: fallback, source: 'default' });
    if (given === undefined) return fallback;
    try {
      const { value, source } = given;
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
        throw new Refusal('must be a single value');
      const parsed = parse(String(value));
      this.#effective.set(key, { key, value: parsed, source });
      return parsed;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.problems.push(`${given.source} ${error.message}, not ${JSON.stringify(given.value)}`);
      return fallback;
    }
  }

  /** What was read, in the order of the table. */
  effective(): readonly EffectiveSetting[] {
    return Object.keys(this.#table).flatMap((key) => this.#effective.get(key) ?? []);
  }
}

/** The file's settings by dotted key; what cannot be read or is not known goes to `problems`. */
function readFile(path: string, keys: readonly string[], problems: string[]): Map<string, unknown> {
  const found = new Map<string, unknown>();
  let document: unknown;
  try {
    document = parseYaml(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    problems.push(`${path} cannot be read: ${(error as Error).message.split('\n', 1)[0]}`);
    return found;
  }
  const groups = new Set(keys.flatMap((key) => (key.includes('.') ? [key.split('.')[0]] : [])));
  const visit = (value: unknown, prefix: string) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      problems.push(`${path}: ${prefix || 'the document'} must be a mapping`);
      return;
    }
    for (const [name, member] of Object.entries(value)) {
      const key = prefix ? `${prefix}.${name}` : name;
      if (groups.has(key)) visit(member, key);
      else if (keys.includes(key)) found.set(key, member);
      else problems.push(`${path}: ${key} is not a setting`);
    }
  };
  visit(document, '');
  return found;
}
