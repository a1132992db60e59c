import { realClock } from './clock.ts';

/** The duration of a slice of work. After a slice, other work gets the event loop. */
const SLICE_MS = 8;

/** Work in small steps. Other work may run between two steps and may change shared state. */
export type Steps<T> = Generator<undefined, T>;

/**
 * Divides long work into slices, so that other work can use the event loop. Without slices, 10,000 reconciles
 * without I/O (as after a start) would block all probes, Lease renewals and health checks until the last
 * reconcile is done.
 */
export class Turn {
  readonly #now: () => number;
  /** The time of the first step in this turn of the event loop; undefined before the first step. */
  #since: number | undefined;
  #next: Promise<void> = Promise.resolve();

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Call this method between steps. It returns undefined if the slice is not over. Otherwise it returns a
   * promise that resolves after other work could run.
   */
  over(): Promise<void> | undefined {
    if (this.#since !== undefined) return this.#now() - this.#since >= SLICE_MS ? this.#next : undefined;
    this.#since = this.#now();
    this.#next = new Promise((resolve) =>
      setImmediate(() => {
        this.#since = undefined;
        resolve();
      }),
    );
    return undefined;
  }

  /** Runs all steps in as many slices as necessary. Rejects with the error of a step. */
  async run<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      const others = this.over();
      if (others !== undefined) {
        await others;
        continue;
      }
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }
}

/**
 * Runs all steps: small work synchronously, large work in several turns of the event loop. Only large work
 * returns a promise.
 */
export function inTurns<T>(steps: Steps<T>): T | Promise<T> {
  const since = realClock.now();
  for (let count = 1; ; count++) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (count % 64 === 0 && realClock.now() - since >= SLICE_MS) return inLaterTurns(steps);
  }
}

async function inLaterTurns<T>(steps: Steps<T>): Promise<T> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  return new Turn(() => realClock.now()).run(steps);
}
