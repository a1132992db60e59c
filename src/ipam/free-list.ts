import { contains, type Interval } from './intervals.ts';

type TakenUntil = (value: bigint) => bigint | undefined;

/** Above this number of freed values, the list reuses a freed value before a value that was never used. */
export const MAX_FREED = 65_536;

/**
 * Chooses the next free value of a set of intervals. The list prefers the lowest value that was never used.
 * When all values were used, the list chooses the value that has been free for the longest time. This order
 * delays the reuse of an address, because the ARP caches of the neighbours still contain the MAC address of
 * the last owner.
 *
 * The list has no entry per value. The frontier separates the values that the list has offered from the
 * values above, so a /64 needs no more memory than a /30. Freed values are stored in the order of their
 * release. The list is not informed about values that are taken without `take` (a claim of a specific
 * address); the list calls `takenUntil` once when it reaches such a value, which may skip a range of taken values.
 * Every operation is therefore O(1), amortised, except `rewind`.
 *
 * When the list contains `MAX_FREED` freed values, it reuses the oldest of them first. That address has been
 * free for long enough, and the limit bounds the memory of the list.
 *
 * The order is not stored outside the process. After a restart the list begins at the lowest value.
 */
export class FreeList {
  readonly #intervals: readonly Interval[];
  /** Values in the intervals that are free and were used before, in the order of their release. */
  readonly #freed: Set<bigint>;
  /**
   * The position in `#freed`. A new iterator per call would be slow: it skips the deleted entries at the
   * front of the Set one by one.
   */
  #next: Iterator<bigint>;
  #index = 0;
  #frontier: bigint;

  /**
   * @param intervals the values to choose from, normalised
   * @param replaced the list that this list replaces; its freed values keep their order
   */
  constructor(intervals: readonly Interval[], replaced?: FreeList) {
    this.#intervals = intervals;
    this.#frontier = intervals[0]?.start ?? 0n;
    const freed = replaced === undefined ? [] : [...replaced.#freed];
    this.#freed = new Set(freed.filter((value) => contains(intervals, value)));
    this.#next = this.#freed.values();
  }

  /**
   * @param takenUntil returns the last value of the taken range that contains the value; undefined if the value is
   *   not taken
   * @returns the next value that is not taken, which the caller must mark as taken; undefined when no value is free
   */
  take(takenUntil: TakenUntil): bigint | undefined {
    if (this.#freed.size >= MAX_FREED) return this.#longestFree(takenUntil) ?? this.#neverUsed(takenUntil);
    return this.#neverUsed(takenUntil) ?? this.#longestFree(takenUntil);
  }

  /**
   * Records that the values of a range may be free again. The next calls of `take` check the values from `start` on
   * again.
   */
  rewind(start: bigint): void {
    const index = this.#intervals.findIndex(({ end }) => end >= start);
    const interval = this.#intervals[index];
    if (interval === undefined || this.#frontier <= start) return;
    this.#index = index;
    this.#frontier = start > interval.start ? start : interval.start;
  }

  /** Records that `value` is free again. Ignores values outside the intervals. */
  free(value: bigint): void {
    if (!contains(this.#intervals, value)) return;
    this.#freed.delete(value);
    this.#freed.add(value);
  }

  #neverUsed(takenUntil: TakenUntil): bigint | undefined {
    while (this.#index < this.#intervals.length) {
      const { end } = this.#intervals[this.#index] as Interval;
      while (this.#frontier <= end) {
        const value = this.#frontier++;
        const last = takenUntil(value);
        if (last !== undefined) this.#frontier = last + 1n;
        else if (!this.#freed.has(value)) return value;
      }
      this.#frontier = this.#intervals[++this.#index]?.start ?? this.#frontier;
    }
    return undefined;
  }

  #longestFree(takenUntil: TakenUntil): bigint | undefined {
    while (this.#freed.size > 0) {
      const next = this.#next.next();
      if (next.done === true) {
        this.#next = this.#freed.values();
        continue;
      }
      this.#freed.delete(next.value);
      if (takenUntil(next.value) === undefined) return next.value;
    }
    return undefined;
  }
}
