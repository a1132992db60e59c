/** Milliseconds of work after which others get the event loop. */
const sliceMs = 8;

/**
 * Shares the event loop. Work that finds nothing to write waits for no I/O: ten thousand keys of it, as after a start,
 * would hold up every probe, lease renewal and health check until the last one is done.
 */
export class Turn {
  readonly #now: () => number;
  /** Of the first step in this turn of the event loop; undefined when there was none. */
  #since: number | undefined;
  #next: Promise<void> = Promise.resolve();

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** To be asked between steps: undefined to go on; otherwise it resolves when others had their turn. */
  over(): Promise<void> | undefined {
    if (this.#since !== undefined) return this.#now() - this.#since >= sliceMs ? this.#next : undefined;
    this.#since = this.#now();
    this.#next = new Promise((resolve) =>
      setImmediate(() => {
        this.#since = undefined;
        resolve();
      }),
    );
    return undefined;
  }
}
