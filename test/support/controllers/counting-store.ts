import { Store } from '../../../src/reconcile/store/store.ts';
import type { KubeObject } from '../../../src/reconcile/index.ts';

/** Counts the objects that the code under test reads. */
export interface Visits {
  count: number;
}

/** A store that counts each object and each key that a caller reads, also one by one from an index. */
export class CountingStore extends Store<KubeObject> {
  readonly #visits: Visits;

  constructor(visits: Visits, indexes: Readonly<Record<string, (object: KubeObject) => readonly string[]>>) {
    super(indexes);
    this.#visits = visits;
  }

  override get(key: string): KubeObject | undefined {
    this.#visits.count++;
    return super.get(key);
  }

  override byUid(uid: string): KubeObject | undefined {
    this.#visits.count++;
    return super.byUid(uid);
  }

  override values(): Iterable<KubeObject> {
    return this.#counted(super.values());
  }

  override keys(): Iterable<string> {
    return this.#counted(super.keys());
  }

  override keysByIndex(index: string, value: string): ReadonlySet<string> {
    return new CountedSet(this.#visits, super.keysByIndex(index, value));
  }

  override oldestFirst(index: string, value: string): Iterable<KubeObject> {
    return this.#counted(super.oldestFirst(index, value));
  }

  *#counted<T>(items: Iterable<T>): Iterable<T> {
    for (const item of items) {
      this.#visits.count++;
      yield item;
    }
  }
}

/** A view of a set that counts the items that a caller iterates. Its size costs nothing, as in a Set. */
class CountedSet implements ReadonlySet<string> {
  readonly #visits: Visits;
  readonly #items: ReadonlySet<string>;

  constructor(visits: Visits, items: ReadonlySet<string>) {
    this.#visits = visits;
    this.#items = items;
  }

  get size(): number {
    return this.#items.size;
  }

  has(item: string): boolean {
    return this.#items.has(item);
  }

  forEach(each: (value: string, again: string, set: ReadonlySet<string>) => void): void {
    for (const item of this) each(item, item, this);
  }

  entries(): SetIterator<[string, string]> {
    this.#visits.count += this.#items.size;
    return this.#items.entries();
  }

  keys(): SetIterator<string> {
    return this[Symbol.iterator]();
  }

  values(): SetIterator<string> {
    return this[Symbol.iterator]();
  }

  [Symbol.iterator](): SetIterator<string> {
    const visits = this.#visits;
    const items = this.#items;
    return (function* () {
      for (const item of items) {
        visits.count++;
        yield item;
      }
    })() as unknown as SetIterator<string>;
  }
}
