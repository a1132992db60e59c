import type { Logger } from '../../base/index.ts';

/** Most lines a minute: when a whole database is wiped, the first objects tell as much as all. */
const MOST_LINES = 20;

/** Says whose rows were repaired, so that somebody who sees repairs counted can find what others change. */
export class RepairLog {
  readonly #log: Logger;
  readonly #now: () => number;
  #minute = -1;
  #lines = 0;
  #unsaid = 0;

  /** `now` in ms. */
  constructor(log: Logger, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  told(repair: { readonly kind: string; readonly key: string; readonly writes: readonly string[] }): void {
    const minute = Math.floor(this.#now() / 60_000);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#lines = 0;
    }
    if (this.#lines >= MOST_LINES) {
      this.#unsaid += 1;
      return;
    }
    this.#lines += 1;
    const unsaid = this.#unsaid;
    this.#unsaid = 0;
    this.#log.warn('repaired rows that another program had changed in OVN', {
      ...repair,
      ...(unsaid > 0 ? { unsaid } : {}),
    });
  }
}
