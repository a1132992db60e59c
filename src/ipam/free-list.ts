import { contains, type Interval } from './intervals.ts';

/** How many freed values wait, at most, while there are values that were never given out. */
export const MOST_WAITING = 65_536;

/**
 * Chooses the next value of a set of intervals, without an entry for each of them: one that was never used, the
 * lowest first; when there is none, the one that has been free for longest. A value that was somebody's is so not
 * another's at once, while neighbours' ARP caches still lead to the first.
 *
 * Everything from the frontier on was never given out by this list, so it needs no record, and a /64 costs no more
 * than a /30. What was freed waits in the order in which it was. Values that were taken by other means than `take`
 * (claims of a certain address) are not told to the list; it asks `isTaken` when it meets them, once each. So every
 * operation is O(1), amortised. Once `MOST_WAITING` freed values wait, the first of them goes before a new one: it
 * has rested for long, and the list need not grow with the intervals however much comes and goes.
 *
 * The order is history, and is not written down anywhere: a new list, as after a restart, begins at the lowest value.
 */
export class FreeList {
  readonly #intervals: readonly Interval[];
  /** In the order in which they were freed: a Set keeps it. All that is in the intervals, free, and was used. */
  readonly #freed: Set<bigint>;
  /** Stands before the first of `#freed`: asking for the first anew would step over all that is gone before it. */
  #next: Iterator<bigint>;
  #index = 0;
  #frontier: bigint;

  /** Over `intervals`, which must be normalised. What waits in the list that this one replaces goes on waiting. */
  constructor(intervals: readonly Interval[], replaced?: FreeList) {
    this.#intervals = intervals;
    this.#frontier = intervals[0]?.start ?? 0n;
    const waiting = replaced === undefined ? [] : [...replaced.#freed];
    this.#freed = new Set(waiting.filter((value) => contains(intervals, value)));
    this.#next = this.#freed.values();
  }

  /** The next value for which `isTaken` is false, or undefined when none is left. The caller must then hold it. */
  take(isTaken: (value: bigint) => boolean): bigint | undefined {
    if (this.#freed.size >= MOST_WAITING) return this.#longestFree(isTaken) ?? this.#neverUsed(isTaken);
    return this.#neverUsed(isTaken) ?? this.#longestFree(isTaken);
  }

  /** Tells that `value` is no longer taken. Values outside the intervals are ignored. */
  give(value: bigint): void {
    if (!contains(this.#intervals, value)) return;
    this.#freed.delete(value);
    this.#freed.add(value);
  }

  #neverUsed(isTaken: (value: bigint) => boolean): bigint | undefined {
    while (this.#index < this.#intervals.length) {
      const { end } = this.#intervals[this.#index] as Interval;
      while (this.#frontier <= end) {
        const value = this.#frontier++;
        if (!isTaken(value) && !this.#freed.has(value)) return value;
      }
      this.#frontier = this.#intervals[++this.#index]?.start ?? this.#frontier;
    }
    return undefined;
  }

  #longestFree(isTaken: (value: bigint) => boolean): bigint | undefined {
    while (this.#freed.size > 0) {
      const next = this.#next.next();
      if (next.done === true) {
        this.#next = this.#freed.values();
        continue;
      }
      this.#freed.delete(next.value);
      if (!isTaken(next.value)) return next.value;
    }
    return undefined;
  }
}
