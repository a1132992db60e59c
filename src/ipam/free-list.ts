import { contains, type Interval } from './intervals.ts';

/**
 * Finds the lowest free value of a set of intervals, without an entry for each of them.
 *
 * Everything from the frontier on was never given out by this list, so it needs no record, and a /64 costs no
 * more than a /30. Below the frontier the free values are those that came back: they wait in a min-heap.
 * Values that were taken by other means than `take` (claims of a certain address) are not told to the list;
 * it asks `isTaken` when it meets them, once each. So every operation is O(log n), amortised.
 */
export class FreeList {
  readonly #intervals: readonly Interval[];
  readonly #heap: bigint[] = [];
  readonly #inHeap = new Set<bigint>();
  #index = 0;
  #frontier: bigint;

  /** Over `intervals`, which must be normalised. */
  constructor(intervals: readonly Interval[]) {
    this.#intervals = intervals;
    this.#frontier = intervals[0]?.start ?? 0n;
  }

  /** The lowest value for which `isTaken` is false, or undefined when none is left. The caller must then hold it. */
  take(isTaken: (value: bigint) => boolean): bigint | undefined {
    while (this.#heap.length > 0) {
      const value = this.#pop();
      if (!isTaken(value)) return value;
    }
    while (this.#index < this.#intervals.length) {
      const { end } = this.#intervals[this.#index] as Interval;
      while (this.#frontier <= end) {
        const value = this.#frontier++;
        if (!isTaken(value)) return value;
      }
      this.#frontier = this.#intervals[++this.#index]?.start ?? this.#frontier;
    }
    return undefined;
  }

  /** Tells that `value` is no longer taken. Values outside the intervals are ignored. */
  give(value: bigint): void {
    if (value >= this.#frontier || this.#inHeap.has(value) || !contains(this.#intervals, value)) return;
    this.#inHeap.add(value);
    this.#push(value);
  }

  #push(value: bigint): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(value);
    while (i > 0) {
      const parent = (i - 1) >>> 1;
      const above = heap[parent] as bigint;
      if (above <= value) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = value;
  }

  #pop(): bigint {
    const heap = this.#heap;
    const top = heap[0] as bigint;
    const last = heap.pop() as bigint;
    this.#inHeap.delete(top);
    const n = heap.length;
    if (n === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= n) break;
      if (child + 1 < n && (heap[child + 1] as bigint) < (heap[child] as bigint)) child++;
      const below = heap[child] as bigint;
      if (below >= last) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}
