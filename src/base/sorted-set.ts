/**
 * A set in the order of `compare`. Adding, removing and finding an item need O(log n) comparisons, and the array
 * moves its elements in one native copy. Two items are the same if `compare` returns 0.
 */
export class SortedSet<T> {
  readonly #compare: (a: T, b: T) => number;
  #items: T[];

  /** `items` may be in any order. */
  constructor(compare: (a: T, b: T) => number, items: Iterable<T> = []) {
    this.#compare = compare;
    this.#items = [...items].sort(compare);
  }

  get size(): number {
    return this.#items.length;
  }

  /** The item at `position`, which counts from 0; undefined behind the last item. */
  at(position: number): T | undefined {
    return this.#items[position];
  }

  /** Adds an item, or replaces the same item. */
  add(item: T): void {
    const { position, found } = this.find(item);
    this.#items.splice(position, found ? 1 : 0, item);
  }

  delete(item: T): void {
    const { position, found } = this.find(item);
    if (found) this.#items.splice(position, 1);
  }

  /** Returns the position of the item, or the position that it would have. */
  find(item: T): { readonly position: number; readonly found: boolean } {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#items[middle] as T, item) < 0) low = middle + 1;
      else high = middle;
    }
    const there = this.#items[low];
    return { position: low, found: there !== undefined && this.#compare(there, item) === 0 };
  }

  /** Iterates in order. The set must not change during the iteration. */
  [Symbol.iterator](): Iterator<T> {
    return this.#items.values();
  }
}
