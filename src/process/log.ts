import winston from 'winston';
import type { Logger } from '../base/index.ts';

/** A log level. The log contains the lines of this level and of more severe levels. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** The output of the log. */
export interface LogOptions {
  /** The least severe level in the output. */
  readonly level: LogLevel;
  /** Default: standard error, because standard output is for results. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** `json`: one JSON object for each line; `text`: for people. Default: `text` on a terminal, otherwise `json`. */
  readonly format?: 'json' | 'text';
}

/** A log with a level that can change at run time. */
export interface Log extends Logger {
  setLevel(level: LogLevel): void;
}

/**
 * Creates the log of the program. Each line has a time, a level, a message and fields. A field can neither break a
 * line nor replace the time, the level or the message.
 */
export function createLog({ level, stream = process.stderr, format }: LogOptions): Log {
  const text = (format ?? (stream.isTTY ? 'text' : 'json')) === 'text';
  const logger = winston.createLogger({
    level,
    format: winston.format.printf((line) => (text ? asText(line) : asJson(line))),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston declares its classes as instances
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
  });
  // All values are in one object, because winston appends a field named `message` to the text of separate arguments.
  const at =
    (severity: LogLevel) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      // Without this check, winston formats lines of disabled levels.
      if (logger.isLevelEnabled(severity)) logger.log({ level: severity, message, fields });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    setLevel: (next) => {
      logger.level = next;
    },
  };
}

const fieldsOf = (line: winston.Logform.TransformableInfo): Record<string, unknown> =>
  line['fields'] as Record<string, unknown>;

const asJson = (line: winston.Logform.TransformableInfo): string =>
  printable(
    JSON.stringify({
      ...fieldsOf(line),
      time: new Date().toISOString(),
      level: line.level,
      message: line.message,
    }),
  );

function asText(line: winston.Logform.TransformableInfo): string {
  const fields = Object.entries(fieldsOf(line)).map(([name, value]) => ` ${name}=${printed(value)}`);
  return `${new Date().toISOString().slice(11, 23)} ${line.level.padEnd(5)} ${printable(String(line.message))}${fields.join('')}`;
}

const printed = (value: unknown): string =>
  typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : printable(JSON.stringify(value ?? null));

/**
 * Escapes characters that control a terminal or an editor: control characters, line separators and direction marks.
 * The escapes are those of JSON; JSON.stringify itself escapes only the first 32 characters.
 */
const printable = (text: string): string =>
  text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => shortEscapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
