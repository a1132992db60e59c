import { realClock } from './clock.ts';

/** Milliseconds of work after which others get the event loop. */
const SLICE_MS = 8;

/** Work in small steps: between any two of them others may get their turn, and change what they share with it. */
export type Steps<T> = Generator<undefined, T>;

/**
 * Shares the event loop. Work that finds nothing to write waits for no I/O: ten thousand keys of it, as after a start,
 * would hold up every probe, lease renewal and health check until the last one is done.
 */
export class Turn {
  readonly #now: () => number;
  /** Of the first step in this turn of the event loop; undefined when there was none. */
  #since: number | undefined;
  #next: Promise<void> = Promise.resolve();

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** To be asked between steps: undefined to go on; otherwise it resolves when others had their turn. */
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

  /** Takes all steps, in as many turns as it takes. Rejects with what a step throws. */
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
 * Takes all steps: at once when that is quick, else over several turns of the event loop. So small work stays
 * synchronous, and only large work becomes a promise.
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
