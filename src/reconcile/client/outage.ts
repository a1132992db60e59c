import type { Clock } from '../../base/index.ts';
import { ApiError, isUnreachable } from './errors.ts';

/** For so long after nobody answered a server counts as one that has just come back, in ms. */
const startingMs = 30_000;
/** The longest that such a server is left alone when it asks to be. */
const soonSeconds = 1;

/**
 * Remembers when the API server was away. One that has just come back answers 503 and "in 5 s" on every path that it
 * has not installed yet, and installs them within one: whoever is there early must not be late for it.
 */
export class Outage {
  readonly #clock: Clock;
  #awayAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The exchange as it ends, but for what a server that is starting says of when to come back. */
  async heed<R>(exchange: Promise<R>): Promise<R> {
    try {
      return await exchange;
    } catch (error) {
      if (isUnreachable(error)) this.#awayAt = this.#clock.now();
      const isStarting = this.#clock.now() - this.#awayAt < startingMs;
      throw isStarting && error instanceof ApiError && error.code === 503 ? soon(error) : error;
    }
  }
}

function soon(error: ApiError): ApiError {
  const { code, reason, message, causes, retryAfterSeconds } = error;
  if (retryAfterSeconds === undefined || retryAfterSeconds <= soonSeconds) return error;
  return new ApiError(code, { reason, message, details: { causes } }, soonSeconds);
}
