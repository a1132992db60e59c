import { SortedSet } from '../../base/index.ts';
import { precedenceOf } from '../precedence.ts';
import { keyOf, type KubeObject } from '../types.ts';

const emptySet: ReadonlySet<string> = new Set();

/** A key with the precedence of its object. */
type Ranked = readonly [precedence: string, key: string];

const byPrecedence = ([a]: Ranked, [b]: Ranked): number => (a < b ? -1 : a > b ? 1 : 0);
const rankedOf = (object: KubeObject): Ranked => [precedenceOf(object), keyOf(object)];

/**
 * One index: value → keys. A value with one key is stored without a Set, because in an index with unique
 * values, for example MAC addresses, the Sets would need more memory than all other data.
 */
export class IndexTable<T extends KubeObject> {
  readonly #valuesOf: (object: T) => readonly string[];
  readonly #keys = new Map<string, string | Set<string>>();
  /** The keys of a value in the order of precedence, for the values that were read in this order. */
  readonly #ordered = new Map<string, SortedSet<Ranked>>();

  constructor(valuesOf: (object: T) => readonly string[]) {
    this.#valuesOf = valuesOf;
  }

  /** The keys of the objects with `value`. The set is valid only until the next update. */
  keys(value: string): ReadonlySet<string> {
    const found = this.#keys.get(value);
    if (found === undefined) return emptySet;
    return typeof found === 'string' ? new Set([found]) : found;
  }

  /**
   * Yields the keys of the objects with `value`, the oldest object first. Each key costs O(1), after a first call for
   * the value that sorts its keys. `objectOf` returns the object with a key. The table must not change meanwhile.
   */
  *oldestFirst(value: string, objectOf: (key: string) => T | undefined): Iterable<string> {
    const found = this.#keys.get(value);
    if (typeof found === 'string') yield found;
    if (!(found instanceof Set)) return;
    let ordered = this.#ordered.get(value);
    if (ordered === undefined) {
      const objects = [...found].flatMap((key) => objectOf(key) ?? []);
      this.#ordered.set(value, (ordered = new SortedSet(byPrecedence, objects.map(rankedOf))));
    }
    for (const [, key] of ordered) yield key;
  }

  /** Replaces the values of `before` with the values of `after`; either can be undefined. */
  update(key: string, before: T | undefined, after: T | undefined): void {
    const old = before === undefined ? [] : this.#valuesOf(before);
    const now = after === undefined ? [] : this.#valuesOf(after);
    for (const value of old)
      if (before !== undefined && !now.includes(value)) this.#remove(value, key, before);
    for (const value of now) if (after !== undefined && !old.includes(value)) this.#add(value, key, after);
  }

  #add(value: string, key: string, object: T): void {
    const found = this.#keys.get(value);
    if (found === undefined) this.#keys.set(value, key);
    else if (typeof found !== 'string') found.add(key);
    else if (found !== key) this.#keys.set(value, new Set([found, key]));
    this.#ordered.get(value)?.add(rankedOf(object));
  }

  #remove(value: string, key: string, object: T): void {
    const found = this.#keys.get(value);
    const ordered = this.#ordered.get(value);
    ordered?.delete(rankedOf(object));
    if (ordered?.size === 0) this.#ordered.delete(value);
    if (found === key) this.#keys.delete(value);
    else if (found instanceof Set && found.delete(key) && found.size === 0) this.#keys.delete(value);
  }
}
