/** The little of a logger that the runtime needs; winston's has it. Fields are data: never put text of a tenant in `message`. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): unknown;
  info(message: string, fields?: Readonly<Record<string, unknown>>): unknown;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): unknown;
  error(message: string, fields?: Readonly<Record<string, unknown>>): unknown;
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** `log` with `fields` in every line. */
export function withFields(log: Logger, fields: Readonly<Record<string, unknown>>): Logger {
  return {
    debug: (message, more) => log.debug(message, { ...fields, ...more }),
    info: (message, more) => log.info(message, { ...fields, ...more }),
    warn: (message, more) => log.warn(message, { ...fields, ...more }),
    error: (message, more) => log.error(message, { ...fields, ...more }),
  };
}

/** What of an error belongs in a line: message, code, and the chain of causes. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const { code, cause } = error as Error & { code?: unknown };
  return {
    error: error.message,
    ...(code === undefined ? {} : { code }),
    ...(cause === undefined ? {} : { cause: errorFields(cause) }),
  };
}
