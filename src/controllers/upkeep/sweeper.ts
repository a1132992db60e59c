import {
  type Backoff,
  type Clock,
  type Logger,
  type Timer,
  backoffDelay,
  errorFields,
  realClock,
} from '../../base/index.ts';

/**
 * The delay before a sweep of rows without an object. It collects the many rows of a restored database into one
 * sweep.
 */
const SWEEP_DELAY_MS = 1000;

/** The delay between two attempts. */
const BACKOFF: Backoff = { baseMs: 1000, maxMs: 30_000 };

interface SweeperOptions {
  /** Sweeps once. Returns whether the sweep is complete: it asked for every object and removed what it may remove. */
  readonly sweep: () => Promise<boolean>;
  readonly log: Pick<Logger, 'error'>;
  readonly clock?: Clock;
}

/**
 * Sweeps rows without an object, one sweep at a time. A sweep that is not complete, for example because the API server
 * does not answer, is repeated until it is: such a row holds its addresses, and no other event would lead to a sweep.
 */
export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #last: Promise<void> = Promise.resolve();
  #isStopped = false;
  #failures = 0;

  constructor(options: SweeperOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** Sweeps after the present sweep, if there is one. Resolves after the first attempt. */
  run(): Promise<void> {
    this.#last = this.#last.then(() => this.#attempt());
    return this.#last;
  }

  /** Sweeps soon, once for several calls. */
  soon(): void {
    this.#schedule(SWEEP_DELAY_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #schedule(ms: number): void {
    if (this.#isStopped) return;
    this.#timer ??= this.#clock.setTimer(ms, () => {
      this.#timer = undefined;
      void this.run();
    });
  }

  async #attempt(): Promise<void> {
    const isComplete = await this.#sweep();
    this.#failures = isComplete ? 0 : this.#failures + 1;
    if (!isComplete) this.#schedule(backoffDelay(BACKOFF, this.#failures, Math.random));
  }

  async #sweep(): Promise<boolean> {
    try {
      return await this.#options.sweep();
    } catch (error) {
      this.#options.log.error('the sweep of orphaned rows failed; retrying', errorFields(error));
      return false;
    }
  }
}
