/**
 * Remembers what was read for a short while, so that a machine that asks for thirty documents at once is one read.
 * Failures are remembered too: nobody who asks in a hurry makes more reads than one in that while.
 */
export class Recent<T> {
  readonly #maxAgeMs: number;
  readonly #now: () => number;
  readonly #entries = new Map<string, { readonly since: number; readonly value: Promise<T> }>();

  /** `now`: milliseconds of any clock that does not jump. */
  constructor(maxAgeMs: number, now: () => number = () => performance.now()) {
    this.#maxAgeMs = maxAgeMs;
    this.#now = now;
  }

  /** What `read` came to when it was last asked, if that is not `maxAgeMs` ago; else what it comes to now. */
  get(key: string, read: () => Promise<T>): Promise<T> {
    const now = this.#now();
    // In the order of their age.
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
