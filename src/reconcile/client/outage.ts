import type { Clock } from '../../base/index.ts';
import { ApiError, isUnreachable } from './errors.ts';

/** For this time after a failed connection, a server that answers is assumed to be starting, in ms. */
const STARTUP_PERIOD_MS = 30_000;
/** The longest Retry-After that the client respects while a server starts, in s. */
const MAX_STARTUP_RETRY_AFTER_SECONDS = 1;

/**
 * Shortens the Retry-After of a server that is starting. An API server that has just started returns 503 with
 * a Retry-After of 5 s for every path that it has not installed yet, but installs the paths within one
 * second.
 */
export class OutageTracker {
  readonly #clock: Clock;
  #unreachableAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the result of `request`. Limits the Retry-After of a 503 while the server starts. */
  async track<R>(request: Promise<R>): Promise<R> {
    try {
      return await request;
    } catch (error) {
      if (isUnreachable(error)) this.#unreachableAt = this.#clock.now();
      const isStarting = this.#clock.now() - this.#unreachableAt < STARTUP_PERIOD_MS;
      throw isStarting && error instanceof ApiError && error.code === 503 ? limitRetryAfter(error) : error;
    }
  }
}

function limitRetryAfter(error: ApiError): ApiError {
  const { code, reason, message, causes, retryAfterSeconds } = error;
  if (retryAfterSeconds === undefined || retryAfterSeconds <= MAX_STARTUP_RETRY_AFTER_SECONDS) return error;
  return new ApiError(code, { reason, message, details: { causes } }, MAX_STARTUP_RETRY_AFTER_SECONDS);
}
