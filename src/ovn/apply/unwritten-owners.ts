import type { Clock, Timer } from '../../base/index.ts';
import type { Owner } from '../model/marks.ts';
import type { Database } from './fence.ts';

/** The delay before the next attempt while the database stays connected. */
const RETRY_DELAY_MS = 5_000;

/**
 * The owners whose rows could not be written because the database was unreachable or accepted no
 * transactions. The class reports these owners when the database is connected again. If the database stays
 * connected (its disk is full, or the leader is unknown), the class reports them after a delay.
 */
export class UnwrittenOwners {
  readonly #database: Pick<Database, 'connected'>;
  readonly #clock: Clock;
  readonly #report: (owner: Owner) => void;
  readonly #owners = new Map<string, Owner>();
  readonly #unsubscribe: () => void;
  #timer: Timer | undefined;

  constructor(
    database: Pick<Database, 'connected' | 'onState'>,
    clock: Clock,
    report: (owner: Owner) => void,
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#report = report;
    this.#unsubscribe = database.onState(() => this.#flush());
  }

  add(owner: Owner): void {
    this.#owners.set(owner.uid, owner);
    this.#timer ??= this.#clock.setTimer(RETRY_DELAY_MS, () => {
      this.#timer = undefined;
      this.#flush();
    });
  }

  /** Removes an owner before its next apply. Returns whether it was present. */
  delete(uid: string): boolean {
    return this.#owners.delete(uid);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#unsubscribe();
  }

  #flush(): void {
    if (!this.#database.connected) return;
    const owners = [...this.#owners.values()];
    this.#owners.clear();
    for (const owner of owners) this.#report(owner);
  }
}
