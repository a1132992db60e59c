import type { Clock, Timer } from '../../base/index.ts';

interface DelayedKey {
  readonly key: string;
  readonly at: number;
}

/**
 * Keys with the time at which they become due. Each key is present once, with its earliest time. The class
 * uses a binary heap and one timer, so that ten thousand keys in backoff do not need ten thousand timers.
 */
export class DelayQueue {
  readonly #clock: Clock;
  readonly #onDue: (key: string) => void;
  readonly #dueAt = new Map<string, number>();
  #heap: DelayedKey[] = [];
  #timer: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(clock: Clock, onDue: (key: string) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#dueAt.size;
  }

  /** Adds a key. The key keeps its current time if that is earlier. */
  add(key: string, afterMs: number): void {
    const at = this.#clock.now() + afterMs;
    const old = this.#dueAt.get(key);
    if (old !== undefined && old <= at) return;
    this.#dueAt.set(key, at);
    if (this.#heap.length > 64 + 4 * this.#dueAt.size) this.#rebuild();
    else this.#push({ key, at });
    this.#arm();
  }

  /** Removes a key. */
  cancel(key: string): void {
    this.#dueAt.delete(key);
  }

  clear(): void {
    this.#dueAt.clear();
    this.#heap.length = 0;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
  }

  #fire(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (let top = this.#heap[0]; top !== undefined && top.at <= now; top = this.#heap[0]) {
      this.#pop();
      // The map does not contain the time of an entry that was cancelled or replaced by an earlier entry.
      if (this.#dueAt.get(top.key) !== top.at) continue;
      this.#dueAt.delete(top.key);
      this.#onDue(top.key);
    }
    this.#arm();
  }

  #arm(): void {
    const top = this.#heap[0];
    if (top === undefined || (this.#timer !== undefined && this.#timer.at <= top.at)) return;
    this.#timer?.timer.cancel();
    const timer = this.#clock.setTimer(Math.max(0, top.at - this.#clock.now()), () => this.#fire());
    this.#timer = { at: top.at, timer };
  }

  /** Removes the cancelled entries from the heap. A sorted array is a valid heap. */
  #rebuild(): void {
    this.#heap = [...this.#dueAt].map(([key, at]) => ({ key, at })).sort((a, b) => a.at - b.at);
  }

  #push(item: DelayedKey): void {
    const heap = this.#heap;
    let i = heap.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.at <= item.at) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = item;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      const left = heap[2 * i + 1];
      const right = heap[2 * i + 2];
      if (left === undefined) break;
      const goRight = right !== undefined && right.at < left.at;
      const child = goRight ? right : left;
      if (child.at >= last.at) break;
      heap[i] = child;
      i = 2 * i + (goRight ? 2 : 1);
    }
    heap[i] = last;
  }
}
