/**
 * Arithmetic on sets of addresses. A normalised list of intervals is sorted, and its intervals neither
 * overlap nor touch.
 */

/** The addresses from `start` to `end`, both included; `start <= end`. */
export interface Interval {
  readonly start: bigint;
  readonly end: bigint;
}

/** Sorts the intervals and joins overlapping and adjacent intervals. Drops intervals with `start > end`. */
export function normalise(intervals: readonly Interval[]): readonly Interval[] {
  const sorted = intervals.filter((i) => i.start <= i.end).sort((a, b) => (a.start < b.start ? -1 : 1));
  const out: { start: bigint; end: bigint }[] = [];
  for (const { start, end } of sorted) {
    const last = out.at(-1);
    if (last !== undefined && start <= last.end + 1n) {
      if (end > last.end) last.end = end;
    } else {
      out.push({ start, end });
    }
  }
  return out;
}

/** Returns the intersection of `intervals` and `bounds`, normalised. */
export function clip(intervals: readonly Interval[], bounds: Interval): readonly Interval[] {
  return normalise(
    intervals.map(({ start, end }) => ({
      start: start < bounds.start ? bounds.start : start,
      end: end > bounds.end ? bounds.end : end,
    })),
  );
}

/**
 * Returns `intervals` without `holes`. The arguments must be normalised; the result is. The cost is linear.
 */
export function subtract(intervals: readonly Interval[], holes: readonly Interval[]): readonly Interval[] {
  const out: Interval[] = [];
  let h = 0;
  for (const { start, end } of intervals) {
    let from = start;
    for (; h < holes.length; h++) {
      const hole = holes[h] as Interval;
      if (hole.end < from) continue;
      if (hole.start > end) break;
      if (hole.start > from) out.push({ start: from, end: hole.start - 1n });
      from = hole.end + 1n;
      // A hole that ends after this interval can also cut the next interval, so `h` must not advance.
      if (from > end) break;
    }
    if (from <= end) out.push({ start: from, end });
  }
  return out;
}

/** Whether one of the normalised `intervals` contains `value`. The cost is logarithmic. */
export function contains(intervals: readonly Interval[], value: bigint): boolean {
  let low = 0;
  let high = intervals.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const { start, end } = intervals[middle] as Interval;
    if (value < start) high = middle - 1;
    else if (value > end) low = middle + 1;
    else return true;
  }
  return false;
}

/** The number of addresses in the normalised `intervals`. */
export function size(intervals: readonly Interval[]): bigint {
  return intervals.reduce((sum, { start, end }) => sum + (end - start) + 1n, 0n);
}

/** The number as a JavaScript number, capped at 2^53-1. */
export function toCount(n: bigint): number {
  return n > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(n);
}
