/**
 * The objects that wait for a taken value, by pool. A release wakes all waiters of the pool. Each of them tries
 * again, and waits again if it is not successful.
 */
export class Waiters {
  /** Pool → `kind/key` → kind and key of the waiter. */
  readonly #waiting = new Map<string, Map<string, readonly [kind: string, key: string]>>();
  readonly #wake: (kind: string, key: string) => void;

  constructor(wake: (kind: string, key: string) => void) {
    this.#wake = wake;
  }

  /** Wakes the object when a value of `pool` becomes free. */
  add(pool: string, kind: string, key: string): void {
    let waiting = this.#waiting.get(pool);
    if (waiting === undefined) {
      waiting = new Map();
      this.#waiting.set(pool, waiting);
    }
    waiting.set(`${kind}/${key}`, [kind, key]);
  }

  /** Wakes the waiters of `pool` because one of its values became free. */
  wake(pool: string): void {
    const waiting = this.#waiting.get(pool);
    if (waiting === undefined) return;
    this.#waiting.delete(pool);
    for (const [kind, key] of waiting.values()) this.#wake(kind, key);
  }
}
