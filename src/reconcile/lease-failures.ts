import { type Clock, type Logger, errorFields } from '../base/index.ts';
import { ApiError } from './client/errors.ts';

/** The failed attempts to acquire or renew the lease since the last success. */
export class LeaseFailures {
  readonly #clock: Clock;
  readonly #log: Logger;
  #since = 0;
  #count = 0;
  #message = '';
  #isRefusal = false;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether the last attempt failed. */
  get any(): boolean {
    return this.#count > 0;
  }

  /** Whether the last attempt failed without an answer that a retry on the same connection would get again. */
  get isConnectionSuspect(): boolean {
    return this.any && !this.#isRefusal;
  }

  /**
   * The problem of the last attempt, for users. A refusal is a problem at once, because a retry without a change fails
   * again. A missing answer is a problem after `patienceMs`.
   */
  problem(patienceMs: number): string | undefined {
    if (!this.any) return undefined;
    return this.#isRefusal || this.#clock.now() - this.#since >= patienceMs ? this.#message : undefined;
  }

  /** Records a failed attempt; `problem` explains the error to users. Logs a new problem, and its repetitions after 2, 4, 8, ... attempts. */
  add(error: unknown, problem?: string): void {
    const message = problem ?? (error instanceof Error ? error.message : String(error));
    const isNew = message !== this.#message;
    if (!this.any) this.#since = this.#clock.now();
    this.#count++;
    this.#message = message;
    this.#isRefusal = error instanceof ApiError && error.code < 500 && error.code !== 429;
    const level = isNew || Number.isInteger(Math.log2(this.#count)) ? 'warn' : 'debug';
    const fields = { ...errorFields(error), error: message };
    this.#log[level]('failed to acquire or renew the lease, will retry', fields);
  }

  /** Records a success. */
  clear(): void {
    this.#count = 0;
    this.#message = '';
  }
}
