import type { Steps } from '../../base/index.ts';

/** What `Array.prototype.flatMap` gives, a step for each item. `items` must not change meanwhile. */
export function* flatMapInSteps<T, U>(
  items: readonly T[],
  each: (item: T) => readonly U[],
): Steps<readonly U[]> {
  const all: U[] = [];
  for (const item of items) {
    all.push(...each(item));
    yield;
  }
  return all;
}
