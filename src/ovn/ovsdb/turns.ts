/** Milliseconds of work after which long work lets others run. */
const sliceMs = 8;

/**
 * Shares the event loop: long synchronous work calls `due()` between small steps, and awaits `next()` when it
 * says so. What waits meanwhile (probes, timers, other connections) runs before the work goes on.
 */
export class Turns {
  #since = performance.now();

  /** True when this turn has lasted long enough. */
  due(): boolean {
    return performance.now() - this.#since >= sliceMs;
  }

  /** Resolves in a later turn of the event loop. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#since = performance.now();
  }
}

/**
 * Runs `steps` to its end: at once when that is quick, else over several turns of the event loop. So small work
 * stays synchronous, and only large work becomes a promise.
 */
export function inTurns<T>(steps: Generator<undefined, T>): T | Promise<T> {
  const turns = new Turns();
  for (let count = 1; ; count++) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (count % 64 === 0 && turns.due()) return inLaterTurns(steps, turns);
  }
}

async function inLaterTurns<T>(steps: Generator<undefined, T>, turns: Turns): Promise<T> {
  for (;;) {
    await turns.next();
    for (let count = 1; count % 64 !== 0 || !turns.due(); count++) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }
}
