/**
 * Caches the results of reads for a short time, so that a machine that requests many documents causes one read. The
 * cache also keeps failures: repeated requests cannot cause more than one read in this time.
 */
export class TtlCache<T> {
  readonly #maxAgeMs: number;
  readonly #now: () => number;
  readonly #entries = new Map<string, { readonly since: number; readonly value: Promise<T> }>();

  /** `now`: the milliseconds of a monotonic clock. */
  constructor(maxAgeMs: number, now: () => number = () => performance.now()) {
    this.#maxAgeMs = maxAgeMs;
    this.#now = now;
  }

  /**
   * Returns the cached result for `key` when it is younger than `maxAgeMs`; otherwise calls `read` and caches its
   * result.
   */
  get(key: string, read: () => Promise<T>): Promise<T> {
    const now = this.#now();
    // The map has the entries in the order of their age.
    for (const [each, { since }] of this.#entries) {
      if (now - since < this.#maxAgeMs) break;
      this.#entries.delete(each);
    }
    const entry = this.#entries.get(key);
    if (entry !== undefined) return entry.value;
    const value = read();
    this.#entries.set(key, { since: now, value });
    return value;
  }
}
