/** A set of functions that are called in the order in which they were added. */
export class Listeners<Args extends readonly unknown[]> {
  readonly #listeners = new Set<(...args: Args) => void>();

  /** Adds `listener`; the function returned removes it again. */
  add(listener: (...args: Args) => void): () => void {
    // A wrapper, so that one function added twice is two listeners, and removing one leaves the other.
    const entry = (...args: Args): void => listener(...args);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  call(...args: Args): void {
    for (const listener of [...this.#listeners]) listener(...args);
  }
}
