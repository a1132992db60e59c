/**
 * Those who wait for something that is taken, by the pool it is taken in. Whoever frees it wakes them all; each
 * looks for itself whether it is now its turn, and waits again when it is not.
 */
export class Waiters {
  /** Pool → kind and key of each, under `kind/key`. */
  readonly #waiting = new Map<string, Map<string, readonly [kind: string, key: string]>>();
  readonly #wake: (kind: string, key: string) => void;

  constructor(wake: (kind: string, key: string) => void) {
    this.#wake = wake;
  }

  /** The object is to be woken when something of `pool` is freed. */
  add(pool: string, kind: string, key: string): void {
    let waiting = this.#waiting.get(pool);
    if (waiting === undefined) {
      waiting = new Map();
      this.#waiting.set(pool, waiting);
    }
    waiting.set(`${kind}/${key}`, [kind, key]);
  }

  /** Something of `pool` was freed. */
  wake(pool: string): void {
    const waiting = this.#waiting.get(pool);
    if (waiting === undefined) return;
    this.#waiting.delete(pool);
    for (const [kind, key] of waiting.values()) this.#wake(kind, key);
  }
}
