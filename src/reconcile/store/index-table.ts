const emptySet: ReadonlySet<string> = new Set();

/**
 * One index: value → keys. A value with one key is stored without a Set, because in an index with unique
 * values, for example MAC addresses, the Sets would need more memory than all other data.
 */
export class IndexTable<T> {
  readonly #valuesOf: (object: T) => readonly string[];
  readonly #keys = new Map<string, string | Set<string>>();

  constructor(valuesOf: (object: T) => readonly string[]) {
    this.#valuesOf = valuesOf;
  }

  /** The keys of the objects with `value`. The set is valid only until the next update. */
  keys(value: string): ReadonlySet<string> {
    const found = this.#keys.get(value);
    if (found === undefined) return emptySet;
    return typeof found === 'string' ? new Set([found]) : found;
  }

  /** Replaces the values of `before` with the values of `after`; either can be undefined. */
  update(key: string, before: T | undefined, after: T | undefined): void {
    const old = before === undefined ? [] : this.#valuesOf(before);
    const now = after === undefined ? [] : this.#valuesOf(after);
    for (const value of old) if (!now.includes(value)) this.#remove(value, key);
    for (const value of now) if (!old.includes(value)) this.#add(value, key);
  }

  #add(value: string, key: string): void {
    const found = this.#keys.get(value);
    if (found === undefined) this.#keys.set(value, key);
    else if (typeof found !== 'string') found.add(key);
    else if (found !== key) this.#keys.set(value, new Set([found, key]));
  }

  #remove(value: string, key: string): void {
    const found = this.#keys.get(value);
    if (found === key) this.#keys.delete(value);
    else if (found instanceof Set && found.delete(key) && found.size === 0) this.#keys.delete(value);
  }
}
