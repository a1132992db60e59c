import { type Backoff, type Clock, type Random, backoffDelay, realClock } from '../../base/index.ts';
import type { Priority } from '../types.ts';
import { DelayQueue } from './delay-queue.ts';
import { Fifo } from './fifo.ts';
import { FairQueue, higherPriority, namespaceOf } from './fair-queue.ts';

/** Settings of a {@link WorkQueue}. */
export interface WorkQueueOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  /** The backoff of a key that fails. */
  readonly backoff?: Backoff;
  readonly observer?: QueueObserver;
  /** The number of keys of one namespace that workers process at the same time. The default is no limit. */
  readonly maxPerNamespace?: number;
}

/** Receives the events of a queue for metrics. All times are in ms. */
export interface QueueObserver {
  added(priority: Priority): void;
  taken(waitedMs: number): void;
  done(workedMs: number): void;
  retried(): void;
}

/** The bounds of a backoff, in ms. */
interface RetryBounds {
  readonly atLeastMs?: number;
  readonly atMostMs?: number;
}

/** A key that a worker processes until it calls `done`. */
export interface Work {
  readonly key: string;
  readonly priority: Priority;
  /** The number of consecutive failures before this attempt. */
  readonly attempt: number;
}

/**
 * A work queue with priorities, delays and rate limiting, comparable to client-go's workqueue.
 *
 * Guarantees:
 * - A key waits at most once, however often it is added.
 * - Only one worker processes a key at a time. A key that is added during its processing is queued again
 *   afterwards.
 * - Taking a key cancels its delay; the processing decides whether the key needs a new delay.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #backoff: Backoff;
  readonly #observer: QueueObserver | undefined;
  readonly #waiting = new FairQueue();
  readonly #delayed: DelayQueue;
  readonly #processing = new Map<string, number>();
  readonly #maxPerNamespace: number;
  /** Namespace → the number of its keys in `#processing`. */
  readonly #busy = new Map<string, number>();
  /** The keys that were added during their processing. */
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
    this.#maxPerNamespace = options.maxPerNamespace ?? Infinity;
    this.#delayed = new DelayQueue(this.#clock, (key) => this.add(key, 'repair'));
  }

  /** The number of keys that wait for a worker. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** The number of keys that workers process. */
  get processing(): number {
    return this.#processing.size;
  }

  /** The number of keys that wait for a delay or backoff. */
  get delayed(): number {
    return this.#delayed.size;
  }

  /** The age of the longest-running processing, in ms; 0 when no key is processed. */
  longestWorkMs(): number {
    // The map is in the order of the start times.
    for (const started of this.#processing.values()) return this.#clock.now() - started;
    return 0;
  }

  /** The total age of all processing, in ms. */
  unfinishedWorkMs(): number {
    const now = this.#clock.now();
    let total = 0;
    for (const started of this.#processing.values()) total += now - started;
    return total;
  }

  /** Adds a key. A waiting key keeps its place, or moves to a higher priority. */
  add(key: string, priority: Priority): void {
    if (this.#closed !== false) return;
    if (this.#processing.has(key)) {
      this.#again.set(key, higherPriority(this.#again.get(key) ?? priority, priority));
      return;
    }
    if (this.#waiting.add(key, priority, this.#clock.now())) this.#observer?.added(priority);
    this.#serve();
  }

  /** Adds a key after `afterMs`. Of several calls for a key, the earliest time counts. */
  addAfter(key: string, afterMs: number): void {
    if (this.#closed !== false) return;
    if (afterMs <= 0) this.add(key, 'repair');
    else this.#delayed.add(key, afterMs);
  }

  /**
   * Adds a key after its backoff, which grows with each call until `forget`. The delay is at least
   * `atLeastMs`. `atMostMs` limits the backoff and also stops its growth, so that a later failure without the
   * limit does not get a very long backoff.
   *
   * @returns the delay in ms
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

  /** Resets the backoff of a key after a success. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Waits for the next key. Resolves with undefined after a shutdown; when draining, after the last key. */
  take(): Promise<Work | undefined> {
    const work = this.#next();
    if (work !== undefined) return Promise.resolve(work);
    if (this.#closed !== false) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Ends the processing of a key. */
  done(key: string): void {
    const started = this.#processing.get(key);
    if (started === undefined) return;
    this.#processing.delete(key);
    const namespace = namespaceOf(key);
    const others = (this.#busy.get(namespace) ?? 1) - 1;
    if (others === 0) this.#busy.delete(namespace);
    else this.#busy.set(namespace, others);
    this.#observer?.done(this.#clock.now() - started);
    const again = this.#again.get(key);
    this.#again.delete(key);
    if (again !== undefined) this.add(key, again);
    else this.#serve();
    this.#settle();
  }

  /**
   * Stops accepting keys and cancels all delays. With `drain`, workers still receive the waiting keys;
   * otherwise the queue drops the waiting keys. Resolves when no worker processes a key.
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
    const taken = this.#waiting.take(
      (namespace) => (this.#busy.get(namespace) ?? 0) >= this.#maxPerNamespace,
    );
    if (taken === undefined) return undefined;
    const { key, priority, since } = taken;
    const now = this.#clock.now();
    this.#delayed.cancel(key);
    this.#processing.set(key, now);
    const namespace = namespaceOf(key);
    this.#busy.set(namespace, (this.#busy.get(namespace) ?? 0) + 1);
    this.#observer?.taken(now - since);
    return { key, priority, attempt: this.#failures.get(key) ?? 0 };
  }

  #settle(): void {
    if (this.#closed === false || this.#processing.size > 0) return;
    if (this.#closed === 'draining' && this.#waiting.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
