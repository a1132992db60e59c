/** A set of callbacks. `call` invokes the callbacks in the order of registration. */
export class Listeners<Args extends readonly unknown[]> {
  readonly #listeners = new Set<(...args: Args) => void>();

  /**
   * Registers `listener`.
   *
   * @returns a function that removes this registration
   */
  add(listener: (...args: Args) => void): () => void {
    // The wrapper makes each registration unique: a function that is added twice is called twice, and
    // removing one registration keeps the other.
    const entry = (...args: Args): void => listener(...args);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  call(...args: Args): void {
    for (const listener of [...this.#listeners]) listener(...args);
  }
}
