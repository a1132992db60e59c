import type { Clock, Timer } from '../../../src/base/index.ts';

/** A clock that stands still until a test moves it. Timers fire in order of their time, then of being set. */
export class FakeClock implements Clock {
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];
  /** Added to the wall time only, as a step of the machine's clock would be. */
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
    return { cancel: () => (this.#timers = this.#timers.filter((one) => one !== timer)) };
  }

  /** Timers that are pending. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves time by `ms`, firing what becomes due, and letting promises run after each. */
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

  #next(end: number): { readonly at: number; readonly callback: () => void } | undefined {
    const due = this.#timers.filter(({ at }) => at <= end);
    return due.sort((a, b) => a.at - b.at)[0];
  }
}

/** Lets every promise that can go on do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
