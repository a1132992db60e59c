/** Sorted, disjoint, inclusive intervals of addresses as numbers: the arithmetic under the pools. */

/** From `start` to `end`, both included; `start <= end`. */
export interface Interval {
  readonly start: bigint;
  readonly end: bigint;
}

/** The same addresses, sorted, without overlaps, adjacent intervals joined; intervals with `start > end` are dropped. */
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

/** What of `intervals` lies within `bounds`. */
export function clip(intervals: readonly Interval[], bounds: Interval): readonly Interval[] {
  return normalise(
    intervals.map(({ start, end }) => ({
      start: start < bounds.start ? bounds.start : start,
      end: end > bounds.end ? bounds.end : end,
    })),
  );
}

/** `intervals` without `holes`. Both normalised; so is the result. Linear in their number. */
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
      // A hole that reaches past this interval may also cut the next one: it is looked at again.
      if (from > end) break;
    }
    if (from <= end) out.push({ start: from, end });
  }
  return out;
}

/** Whether `value` lies in one of the normalised `intervals`. Logarithmic in their number. */
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

/** How many addresses the normalised `intervals` hold. */
export function size(intervals: readonly Interval[]): bigint {
  return intervals.reduce((sum, { start, end }) => sum + (end - start) + 1n, 0n);
}
