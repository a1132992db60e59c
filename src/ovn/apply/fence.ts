import { randomUUID } from 'node:crypto';
import { ApplyError } from '../errors.ts';
import { epochKey } from '../model/marks.ts';
import { insertRow, mutateExternalIds, requireColumns, requireRow } from './operations.ts';
import type { Operation, Replica, Row, Uuid } from '../ovsdb/index.ts';

/** What of the OVSDB client the fence and the applier need. */
export interface Database {
  readonly replica: Replica;
  readonly connected: boolean;
  /** Changes when what is there now may be older than what was seen before, as after a restore. */
  readonly generation: number;
  /** Resolves after the replica shows the effect. */
  transact(operations: readonly Operation[], options?: { timeoutMs?: number }): Promise<unknown>;
  onState(listener: (state: 'connected' | 'disconnected') => void): () => void;
}

/** Where our epoch stands in the database, as the replica shows it. */
export type FenceState =
  /** Ours is there. */
  | 'held'
  /** A later one is: another operator has taken over. */
  | 'superseded'
  /**
   * None, an earlier one, or ours in a database that may be older than the one it was written to: it was emptied,
   * restored from a backup, or restarted. That ours is there proves nothing then: a backup has the epoch of its day.
   */
  | 'lost';

interface Epoch {
  readonly row: Uuid;
  readonly number: number;
  readonly value: string;
  /** The database's generation in which it was written. */
  readonly generation: number;
}

const TABLE = 'NB_Global';
const ATTEMPTS = 10;

/**
 * The right to write (invariant 6): an epoch in `NB_Global.external_ids`, `<number>/<who>`, that a leader raises when
 * it takes over and that every transaction of its own tests first. A leader that was paused past its lease finds a
 * later epoch there, and the database refuses its writes, whatever any clock says. It counts only in the generation of
 * the database in which it was written: after a restore the epoch of one that led long ago may stand there again.
 */
export class Fence {
  readonly #database: Database;
  readonly #key: string;
  readonly #identity: string;
  #epoch: Epoch | undefined;

  /** @param identity tells two operators apart that took the same number in two histories of one database. */
  constructor(database: Database, cluster: string, identity: string = randomUUID()) {
    this.#database = database;
    this.#key = epochKey(cluster);
    this.#identity = identity;
  }

  /** The epoch held, as far as is known here. */
  get epoch(): number | undefined {
    return this.#epoch?.number;
  }

  /**
   * Takes over: raises the epoch above what stands in the database and above any this object held. From then on
   * nobody else's earlier epoch passes. Creates `NB_Global`'s one row where nobody has yet.
   *
   * @returns the epoch, a positive integer. @throws the client's error when the database cannot be reached; calling
   * again is safe.
   */
  async take(): Promise<number> {
    return this.#insist(() => this.#raise());
  }

  /**
   * Raises the epoch again after it was `lost`, unless a later one stands there: whoever wrote that leads.
   *
   * @returns whether it is held now. @throws as `take`.
   */
  async retake(): Promise<boolean> {
    return this.#insist(async () => {
      if (this.judge() === 'superseded') return false;
      await this.#raise();
      return true;
    });
  }

  /** Gives the right up without touching the database: the next writer raises the epoch anyway. */
  drop(): void {
    this.#epoch = undefined;
  }

  /**
   * The operation that every transaction begins with. It fails with `timed out` unless our epoch stands; it does not
   * mind what others write beside it.
   *
   * @throws ApplyError FENCED when no epoch is held, or it was written to another generation of the database.
   */
  guard(): Operation {
    if (this.#epoch?.generation !== this.#database.generation) {
      throw new ApplyError('FENCED', 'this operator does not lead (any more), so it writes nothing to OVN');
    }
    const { row, value } = this.#epoch;
    return requireRow(TABLE, row, new Map([[this.#key, value]]));
  }

  /** Compares the epoch held with the replica. */
  judge(): FenceState {
    const row = this.#global();
    const value = this.#valueIn(row);
    if (this.#epoch === undefined) return 'lost';
    if (epochNumber(value) > this.#epoch.number) return 'superseded';
    const isOurs = row?._uuid === this.#epoch.row && value === this.#epoch.value;
    return isOurs && this.#epoch.generation === this.#database.generation ? 'held' : 'lost';
  }

  /** Until nobody changes `NB_Global` between the look and the write. */
  async #insist<T>(raise: () => Promise<T>): Promise<T> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        return await raise();
      } catch (error) {
        if (!isRace(error)) throw error;
      }
    }
    throw new ApplyError(
      'FENCED',
      'others change NB_Global.external_ids faster than an epoch could be raised in it',
    );
  }

  async #raise(): Promise<number> {
    const { generation } = this.#database;
    const found = this.#global();
    const row = found?._uuid ?? randomUUID();
    const number = Math.max(epochNumber(this.#valueIn(found)), this.#epoch?.number ?? 0) + 1;
    const value = `${number}/${this.#identity}`;
    const operations =
      found === undefined
        ? [insertRow(TABLE, row, { external_ids: new Map([[this.#key, value]]) })]
        : this.#replace(found, value);
    await this.#database.transact(operations);
    this.#epoch = { row, number, value, generation };
    return number;
  }

  #replace(found: Row, value: string): Operation[] {
    return [
      requireColumns(TABLE, found._uuid, { external_ids: externalIds(found) }),
      mutateExternalIds(TABLE, found._uuid, { put: new Map([[this.#key, value]]) }),
    ];
  }

  #global(): Row | undefined {
    for (const row of this.#database.replica.rows(TABLE)) return row;
    return undefined;
  }

  #valueIn(row: Row | undefined): string | undefined {
    return row === undefined ? undefined : externalIds(row).get(this.#key);
  }
}

function externalIds(row: Row): ReadonlyMap<string, string> {
  const ids = row['external_ids'];
  return ids instanceof Map ? (ids as ReadonlyMap<string, string>) : new Map<string, string>();
}

function epochNumber(value: string | undefined): number {
  const number = Number.parseInt(value ?? '', 10);
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}

/** Somebody changed `NB_Global`, or made its row, between our look and our write. */
function isRace(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'TIMED_OUT' || code === 'CONSTRAINT_VIOLATION';
}
