import { type Backoff, type Clock, type Random, backoffDelay, realClock } from '../../base/index.ts';
import type { Priority } from '../types.ts';
import { Delays } from './delays.ts';
import { Fifo } from './fifo.ts';
import { higher, Lanes } from './lanes.ts';

/** Settings of a {@link WorkQueue}. */
export interface WorkQueueOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  /** Between the tries of a key that fails. */
  readonly backoff?: Backoff;
  readonly observer?: QueueObserver;
}

/** What metrics want to know of a queue. Times in ms. */
export interface QueueObserver {
  added(priority: Priority): void;
  taken(waitedMs: number): void;
  done(workedMs: number): void;
  retried(): void;
}

/** Bounds of a backoff, in ms. */
export interface RetryBounds {
  readonly atLeastMs?: number;
  readonly atMostMs?: number;
}

/** A key that a worker holds until it calls `done`. */
export interface Work {
  readonly key: string;
  readonly priority: Priority;
  /** Failures in a row before this try. */
  readonly attempt: number;
}

/**
 * Keys to be worked on.
 *
 * Guarantees: a key waits at most once however often it is added; it is never given to two workers at a time;
 * what is added while it is being worked on is given out again afterwards. Taking a key cancels its timer: the
 * work that begins now says anew when to look again.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #backoff: Backoff;
  readonly #observer: QueueObserver | undefined;
  readonly #waiting = new Lanes();
  readonly #delayed: Delays;
  readonly #processing = new Map<string, number>();
  /** Added while being worked on. */
  readonly #again = new Map<string, Priority>();
  readonly #failures = new Map<string, number>();
  readonly #takers = new Fifo<(work: Work | undefined) => void>();
  readonly #idle: (() => void)[] = [];
  #closed: false | 'draining' | 'dropped' = false;

  constructor(options: WorkQueueOptions = {}) {
    this.#clock = options.clock ?? realClock;
    this.#random = options.random ?? Math.random;
    this.#backoff = options.backoff ?? { baseMs: 50, maxMs: 60_000 };
    this.#observer = options.observer;
    this.#delayed = new Delays(this.#clock, (key) => this.add(key, 'repair'));
  }

  /** Keys that wait for a worker now. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** Keys that workers hold. */
  get processing(): number {
    return this.#processing.size;
  }

  /** Keys that wait for their time: requeues and backoff. */
  get delayed(): number {
    return this.#delayed.size;
  }

  /** How long the oldest work under way has taken, in ms; 0 when there is none. */
  longestWorkMs(): number {
    // Insertion order is the order of starting.
    for (const started of this.#processing.values()) return this.#clock.now() - started;
    return 0;
  }

  /** How long all work under way has taken, added up, in ms. */
  unfinishedWorkMs(): number {
    const now = this.#clock.now();
    let total = 0;
    for (const started of this.#processing.values()) total += now - started;
    return total;
  }

  /** A key that waits already keeps its place, or moves up to the higher priority. */
  add(key: string, priority: Priority): void {
    if (this.#closed !== false) return;
    if (this.#processing.has(key)) {
      this.#again.set(key, higher(this.#again.get(key) ?? priority, priority));
      return;
    }
    if (this.#waiting.add(key, priority, this.#clock.now())) this.#observer?.added(priority);
    this.#serve();
  }

  /** Adds the key when `afterMs` have passed; the earliest such moment counts. */
  addAfter(key: string, afterMs: number): void {
    if (this.#closed !== false) return;
    if (afterMs <= 0) this.add(key, 'repair');
    else this.#delayed.add(key, afterMs);
  }

  /**
   * Adds the key after its backoff, which grows until `forget`; never before `atLeastMs`. With `atMostMs` it grows no
   * further than that, and neither does what later failures are counted from. Returns the delay.
   */
  retry(key: string, { atLeastMs = 0, atMostMs = Infinity }: RetryBounds = {}): number {
    const before = this.#failures.get(key) ?? 0;
    const { baseMs, maxMs } = this.#backoff;
    const failures = before > 0 && baseMs * 2 ** (before - 1) >= atMostMs ? before : before + 1;
    this.#failures.set(key, failures);
    this.#observer?.retried();
    const backoff = { baseMs, maxMs: Math.min(maxMs, atMostMs) };
    const delay = Math.max(atLeastMs, backoffDelay(backoff, failures, this.#random));
    this.addAfter(key, delay);
    return delay;
  }

  /** The key did not fail this time. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, when there is one; undefined once the queue is shut down (and, if draining, empty). */
  take(): Promise<Work | undefined> {
    const work = this.#next();
    if (work !== undefined) return Promise.resolve(work);
    if (this.#closed !== false) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Gives back a key that was taken. */
  done(key: string): void {
    const started = this.#processing.get(key);
    if (started === undefined) return;
    this.#processing.delete(key);
    this.#observer?.done(this.#clock.now() - started);
    const again = this.#again.get(key);
    this.#again.delete(key);
    if (again !== undefined) this.add(key, again);
    this.#settle();
  }

  /**
   * Takes nothing more in, and forgets timers. `drain` still gives out what waits; otherwise it is dropped.
   * Resolves when no worker holds a key.
   */
  shutDown(options: { readonly drain: boolean }): Promise<void> {
    this.#closed = options.drain ? 'draining' : 'dropped';
    this.#delayed.clear();
    this.#again.clear();
    for (let taker = this.#takers.shift(); taker !== undefined; taker = this.#takers.shift())
      taker(this.#next());
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#settle();
    });
  }

  #serve(): void {
    if (this.#takers.size === 0) return;
    const work = this.#next();
    if (work !== undefined) this.#takers.shift()?.(work);
  }

  #next(): Work | undefined {
    if (this.#closed === 'dropped') return undefined;
    const taken = this.#waiting.take();
    if (taken === undefined) return undefined;
    const { key, priority, since } = taken;
    const now = this.#clock.now();
    this.#delayed.cancel(key);
    this.#processing.set(key, now);
    this.#observer?.taken(now - since);
    return { key, priority, attempt: this.#failures.get(key) ?? 0 };
  }

  #settle(): void {
    if (this.#closed === false || this.#processing.size > 0) return;
    if (this.#closed === 'draining' && this.#waiting.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
