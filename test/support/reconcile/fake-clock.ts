import type { Clock, Timer } from '../../../src/base/index.ts';

/**
 * A clock that only a test advances. Timers fire in the order of their time, then in the order of creation.
 */
export class FakeClock implements Clock {
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];
  /** An offset of the wall time, to simulate a step of the system clock. */
  wallOffsetMs = 0;

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(Date.UTC(2030, 0, 1) + this.#now + this.wallOffsetMs);
  }

  setTimer(ms: number, callback: () => void): Timer {
    const timer = { at: this.#now + ms, callback };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  /** The number of pending timers. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Advances the time by `ms` and fires the due timers. Lets pending promises continue after each timer. */
  async advance(ms: number): Promise<void> {
    await settle();
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#now = next.at;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  /** Advances the time without firing timers, as when the process is suspended. */
  suspend(ms: number): void {
    this.#now += ms;
  }

  #next(end: number): { readonly at: number; readonly callback: () => void } | undefined {
    const due = this.#timers.filter(({ at }) => at <= end);
    return due.sort((a, b) => a.at - b.at)[0];
  }
}

/** Waits until all promises that can continue have continued. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
