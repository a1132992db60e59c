import type { Logger } from '../../base/index.ts';

/**
 * The reasons why a client is not connected, one per remote, since it was connected the last time. A warning in the log
 * reports an unreachable database once, and again when the reasons change. One failed remote is normal: followers of a
 * cluster refuse a client that needs the leader.
 */
export class Failures {
  readonly #log: Logger;
  readonly #database: string;
  readonly #remotes: number;
  readonly #reasons = new Map<string, string>();
  #warned = '';

  constructor(log: Logger, database: string, remotes: number) {
    this.#log = log;
    this.#database = database;
    this.#remotes = remotes;
  }

  add(remote: string, reason: string): void {
    this.#log.info('the OVSDB connection ended or could not be established', {
      database: this.#database,
      remote,
      reason,
    });
    this.#reasons.set(remote, reason);
    const reasons = this.#text();
    if (this.#reasons.size < this.#remotes || reasons === this.#warned) return;
    this.#warned = reasons;
    this.#log.warn('the OVSDB database is not reachable; the client continues to connect', {
      database: this.#database,
      reasons,
    });
  }

  clear(): void {
    this.#reasons.clear();
    this.#warned = '';
  }

  /** Describes the failures, for users. */
  describe(): string {
    return this.#reasons.size === 0 ? 'not connected' : `not connected: ${this.#text()}`;
  }

  #text(): string {
    return [...this.#reasons]
      .map(([remote, reason]) => (reason.includes(remote) ? reason : `${remote}: ${reason}`))
      .sort()
      .join('; ');
  }
}
