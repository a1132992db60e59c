import type { Clock } from '../../base/index.ts';
import { ApplyError } from '../errors.ts';
import type { Database } from './fence.ts';

/**
 * Lets writes wait until the database is connected again. The deadline counts from the loss of the connection
 * and not from the start of a write: during a long outage later writes fail at once, instead of each waiting
 * for the deadline.
 */
export class ReconnectWait {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #unsubscribe: () => void;
  readonly #waiting = new Set<() => void>();
  #lostAt: number;
  #stopped = false;

  constructor(database: Database, clock: Clock, deadlineMs: number) {
    this.#database = database;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
    this.#lostAt = clock.now();
    this.#unsubscribe = database.onState((state) => {
      if (state === 'disconnected') this.#lostAt = clock.now();
      else this.#wake();
    });
  }

  /**
   * Resolves when the replica is synchronized with the server.
   *
   * @throws ApplyError OVN_CONNECTION_FAILED after the deadline
   * @throws ApplyError STOPPED after `stop`
   */
  async ready(): Promise<void> {
    while (!this.#database.connected || this.#stopped) {
      if (this.#stopped) throw new ApplyError('STOPPED', 'the writer of the Northbound database was stopped');
      const left = this.#lostAt + this.#deadlineMs - this.#clock.now();
      if (left <= 0) {
        throw new ApplyError(
          'OVN_CONNECTION_FAILED',
          `the OVN Northbound database has not been reachable for ${Math.round(this.#deadlineMs / 1000)} s; ` +
            'the operator retries automatically',
        );
      }
      await this.#pause(left);
    }
  }

  /** Waits for `ms`, or until the database is connected again, or until `stop`. */
  async pause(ms: number): Promise<void> {
    if (!this.#stopped) await this.#pause(ms);
  }

  /** Ends every wait. */
  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    this.#wake();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        this.#waiting.delete(finish);
        resolve();
      };
      const timer = this.#clock.setTimer(ms, finish);
      this.#waiting.add(finish);
    });
  }

  #wake(): void {
    for (const finish of [...this.#waiting]) finish();
  }
}
