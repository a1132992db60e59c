import type { Logger } from '../../base/index.ts';

/**
 * The number of lines per minute. After the loss of a whole database, the first objects are sufficient to find the
 * cause.
 */
const MAX_LINES_PER_MINUTE = 20;

/** Logs the owner of repaired rows, so that an administrator can find the rows that other programs change. */
export class RepairLog {
  readonly #log: Logger;
  readonly #now: () => number;
  #minute = -1;
  #lines = 0;
  #suppressed = 0;

  /** `now` returns the time in ms. */
  constructor(log: Logger, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  record(repair: { readonly kind: string; readonly key: string; readonly writes: readonly string[] }): void {
    const minute = Math.floor(this.#now() / 60_000);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#lines = 0;
    }
    if (this.#lines >= MAX_LINES_PER_MINUTE) {
      this.#suppressed += 1;
      return;
    }
    this.#lines += 1;
    const unsaid = this.#suppressed;
    this.#suppressed = 0;
    this.#log.warn('repaired rows that another program had changed in OVN', {
      ...repair,
      ...(unsaid > 0 ? { unsaid } : {}),
    });
  }
}
