import winston from 'winston';
import type { Logger } from '../base/index.ts';

/** How much is logged: lines of this level and of more serious ones. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** Where and how lines are written. */
export interface LogOptions {
  /** The least severe level that is written. */
  readonly level: LogLevel;
  /** Default: standard error, so that standard output stays for results. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** `json`: one object a line, for machines; `text`: for people. Default: text on a terminal, else json. */
  readonly format?: 'json' | 'text';
}

/** A log whose level can change while it is in use. */
export interface Log extends Logger {
  setLevel(level: LogLevel): void;
}

/**
 * The program's log. Each line has a time, a level, a message and the fields given with it; no field can break
 * a line or pass for another.
 */
export function createLog({ level, stream = process.stderr, format }: LogOptions): Log {
  const text = (format ?? (stream.isTTY ? 'text' : 'json')) === 'text';
  const logger = winston.createLogger({
    level,
    format: winston.format.printf((line) => (text ? asText(line) : asJson(line))),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston declares its classes as instances
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
  });
  // One object, since winston glues a field called `message` to the text when they are given apart.
  const at =
    (severity: LogLevel) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      // winston would make the line before it finds that nobody wants it.
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
 * Characters that a terminal or an editor obeys (controls, line separators, changes of direction) shown as JSON's
 * escapes, which JSON.stringify uses for the first 32 only.
 */
const printable = (text: string): string =>
  text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => shortEscapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
