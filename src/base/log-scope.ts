import { AsyncLocalStorage } from 'node:async_hooks';
import { withFields, type Logger } from './log.ts';

const scopes = new AsyncLocalStorage<Readonly<Record<string, unknown>>>();

/**
 * Runs `work`. Every line that `work` writes to a {@link scopedLog}, also asynchronously, has these fields.
 */
export function inScope<R>(fields: Readonly<Record<string, unknown>>, work: () => R): R {
  return scopes.run(fields, work);
}

/** Returns a logger that adds the fields of the current scope (see {@link inScope}) to every line. */
export function scopedLog(log: Logger): Logger {
  const here = (): Logger => {
    const fields = scopes.getStore();
    return fields === undefined ? log : withFields(log, fields);
  };
  return {
    debug: (message, fields) => here().debug(message, fields),
    info: (message, fields) => here().info(message, fields),
    warn: (message, fields) => here().warn(message, fields),
    error: (message, fields) => here().error(message, fields),
  };
}
