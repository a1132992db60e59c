import type { Database } from './fence.ts';
import type { Owner } from '../model/marks.ts';
import type { Clock, Timer } from '../../base/index.ts';

/** How long a database that is connected and took nothing is left alone, in ms. */
const AGAIN_MS = 5_000;

/**
 * Owners whose rows could not be written because the database could not be reached, or took nothing. They are told
 * as soon as it is connected again; while it stays connected (its disk is full, or nobody can say who leads), after a
 * while.
 */
export class CutOff {
  readonly #database: Pick<Database, 'connected'>;
  readonly #clock: Clock;
  readonly #tell: (owner: Owner) => void;
  readonly #owners = new Map<string, Owner>();
  readonly #unsubscribe: () => void;
  #timer: Timer | undefined;

  constructor(database: Pick<Database, 'connected' | 'onState'>, clock: Clock, tell: (owner: Owner) => void) {
    this.#database = database;
    this.#clock = clock;
    this.#tell = tell;
    this.#unsubscribe = database.onState(() => this.#flush());
  }

  add(owner: Owner): void {
    this.#owners.set(owner.uid, owner);
    this.#timer ??= this.#clock.setTimer(AGAIN_MS, () => {
      this.#timer = undefined;
      this.#flush();
    });
  }

  /** Forgets an owner, which is asked for again. Returns whether it was there. */
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
    for (const owner of owners) this.#tell(owner);
  }
}
