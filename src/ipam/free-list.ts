import { contains, type Interval } from './intervals.ts';

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
 * address); the list calls `isTaken` once when it reaches such a value. Every operation is therefore O(1),
 * amortised.
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
   * @returns the next value for which `isTaken` is false, which the caller must mark as taken; undefined when
   *   no value is free
   */
  take(isTaken: (value: bigint) => boolean): bigint | undefined {
    if (this.#freed.size >= MAX_FREED) return this.#longestFree(isTaken) ?? this.#neverUsed(isTaken);
    return this.#neverUsed(isTaken) ?? this.#longestFree(isTaken);
  }

  /** Records that `value` is free again. Ignores values outside the intervals. */
  free(value: bigint): void {
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
