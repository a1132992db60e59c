import type { Logger } from '../../../src/base/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A logger that stores its lines. */
export class RecordingLog implements Logger {
  readonly lines: Fields[] = [];

  debug = (message: string, fields?: Fields): unknown =>
    this.lines.push({ level: 'debug', message, ...fields });
  info = (message: string, fields?: Fields): unknown =>
    this.lines.push({ level: 'info', message, ...fields });
  warn = (message: string, fields?: Fields): unknown =>
    this.lines.push({ level: 'warn', message, ...fields });
  error = (message: string, fields?: Fields): unknown =>
    this.lines.push({ level: 'error', message, ...fields });
}
