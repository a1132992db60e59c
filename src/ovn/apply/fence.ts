import { randomUUID } from 'node:crypto';
import { ApplyError } from '../errors.ts';
import { epochKey, homeKey } from '../model/marks.ts';
import type { Operation, Replica, Row, Uuid } from '../ovsdb/index.ts';
import { addGlobalOptions, globalOptions } from './global-options.ts';
import { checkHome, recordOf, type Home } from './home.ts';
import { insertRow, mutateExternalIds, requireColumns, requireRow } from './operations.ts';

/** The part of the OVSDB client that the fence and the applier use. */
export interface Database {
  readonly replica: Replica;
  readonly connected: boolean;
  /** Changes when the database may now contain an older state than before, for example after a restore. */
  readonly generation: number;
  /** Resolves after the replica shows the effect. */
  transact(operations: readonly Operation[], options?: { timeoutMs?: number }): Promise<unknown>;
  onState(listener: (state: 'connected' | 'disconnected') => void): () => void;
}

/** The state of this operator's epoch in the replica. */
type FenceState =
  /** The database contains this operator's epoch. */
  | 'held'
  /** The database contains a later epoch, or records another Kubernetes cluster: another operator has taken over. */
  | 'superseded'
  /**
   * The database contains no epoch, an earlier epoch, or no record of the Kubernetes cluster, or it was emptied,
   * restored from a backup or restarted. In the last cases this operator's epoch in the database proves nothing,
   * because a backup contains the epoch of its time.
   */
  | 'lost';

interface Epoch {
  readonly row: Uuid;
  readonly number: number;
  readonly value: string;
  /** The cluster that the database records next to the epoch. */
  readonly home: Home;
  /** The generation of the database when the epoch was written. */
  readonly generation: number;
}

/** The message of ApplyError FENCED. */
export const NOT_LEADING = 'this operator is not the leader, so it does not write to OVN';

const TABLE = 'NB_Global';

/** The maximum number of attempts to write the epoch while other clients change `NB_Global`. */
const MAX_ATTEMPTS = 10;

/**
 * Protects the database against writes of an old leader. The fence is an epoch, `<number>/<identity>`, in
 * `NB_Global.external_ids`. A new leader increments the epoch, and every transaction of the leader first
 * tests that its epoch is still in the database. If a leader was paused for longer than its Lease, the
 * database contains a later epoch and rejects the transactions. The fence does not depend on clocks.
 *
 * Next to the epoch, the database records the Kubernetes cluster of the operator. An operator of another cluster
 * cannot take the fence (see `checkHome`), and every transaction tests the record too.
 *
 * The same transaction sets the options of OVN that the objects need (see `globalOptions`).
 *
 * An epoch is valid only in the generation of the database in which it was written: after a restore, the
 * database may contain the epoch of an earlier leader again.
 */
export class Fence {
  readonly #database: Database;
  readonly #cluster: string;
  readonly #key: string;
  readonly #homeKey: string;
  readonly #identity: string;
  #epoch: Epoch | undefined;

  /**
   * @param identity distinguishes two operators that took the same number in two histories of one database
   */
  constructor(database: Database, cluster: string, identity: string = randomUUID()) {
    this.#database = database;
    this.#cluster = cluster;
    this.#key = epochKey(cluster);
    this.#homeKey = homeKey(cluster);
    this.#identity = identity;
  }

  /** The epoch that this operator holds; undefined if it holds none. */
  get epoch(): number | undefined {
    return this.#epoch?.number;
  }

  /**
   * Takes over: writes an epoch that is higher than the epoch in the database and than any earlier epoch of
   * this object, and records the Kubernetes cluster. The database then rejects transactions with earlier epochs.
   * Creates the row of `NB_Global` if it does not exist. The caller can safely repeat a failed call.
   *
   * @returns the epoch, a positive integer
   * @throws OvsdbError when the database cannot be reached
   * @throws ApplyError OTHER_CLUSTER when the rows belong to another Kubernetes cluster
   * @throws ApplyError FENCED when other clients change `NB_Global` all the time
   */
  async take(home: Home): Promise<number> {
    return this.#retryRaces(() => this.#raise(home));
  }

  /**
   * Writes a new epoch after the old one was `lost`, unless the database contains a later epoch of another
   * operator.
   *
   * @returns whether this operator holds the fence now
   * @throws OvsdbError like {@link take}
   * @throws ApplyError like {@link take}
   */
  async retake(): Promise<boolean> {
    return this.#retryRaces(async () => {
      if (this.#epoch === undefined || this.state() === 'superseded') return false;
      await this.#raise(this.#epoch.home);
      return true;
    });
  }

  /** Releases the fence without a write: the next leader increments the epoch anyway. */
  drop(): void {
    this.#epoch = undefined;
  }

  /**
   * Returns the first operation of every transaction. It fails with `timed out` unless the database contains
   * this operator's epoch. It ignores the other keys of `external_ids`.
   *
   * @throws ApplyError FENCED when this operator holds no epoch in the current generation of the database
   */
  guard(): Operation {
    if (this.#epoch?.generation !== this.#database.generation) {
      throw new ApplyError('FENCED', NOT_LEADING);
    }
    const { row, value, home } = this.#epoch;
    return requireRow(TABLE, row, new Map([[this.#key, value], recordOf(this.#cluster, home)]));
  }

  /** Compares the epoch of this operator with the replica. */
  state(): FenceState {
    const row = this.#global();
    const value = valueIn(row, this.#key);
    const recorded = valueIn(row, this.#homeKey);
    if (this.#epoch === undefined) return 'lost';
    const { home, number } = this.#epoch;
    if (epochNumber(value) > number || (recorded ?? home.uid) !== home.uid) return 'superseded';
    const isOurs = row?._uuid === this.#epoch.row && value === this.#epoch.value && recorded === home.uid;
    return isOurs && this.#epoch.generation === this.#database.generation ? 'held' : 'lost';
  }

  /** Whether another client removed the record of the Kubernetes cluster from under this operator's epoch. */
  get hasLostRecord(): boolean {
    const row = this.#global();
    const isOurs = this.#epoch !== undefined && valueIn(row, this.#key) === this.#epoch.value;
    return isOurs && valueIn(row, this.#homeKey) === undefined;
  }

  /** Repeats `raise` while other clients change `NB_Global` between the read and the write. */
  async #retryRaces<T>(raise: () => Promise<T>): Promise<T> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      try {
        return await raise();
      } catch (error) {
        if (!isRace(error)) throw error;
      }
    }
    throw new ApplyError(
      'FENCED',
      `other clients changed NB_Global.external_ids during each of ${MAX_ATTEMPTS} attempts to write the epoch`,
    );
  }

  async #raise(home: Home): Promise<number> {
    const { generation } = this.#database;
    const found = this.#global();
    checkHome(this.#cluster, valueIn(found, this.#homeKey), home);
    const row = found?._uuid ?? randomUUID();
    const number = Math.max(epochNumber(valueIn(found, this.#key)), this.#epoch?.number ?? 0) + 1;
    const value = `${number}/${this.#identity}`;
    const put = new Map([[this.#key, value], recordOf(this.#cluster, home)]);
    const operations =
      found === undefined
        ? [insertRow(TABLE, row, { external_ids: put, options: globalOptions })]
        : [
            requireColumns(TABLE, found._uuid, { external_ids: externalIds(found) }),
            mutateExternalIds(TABLE, found._uuid, { put }),
            addGlobalOptions(found._uuid),
          ];
    await this.#database.transact(operations);
    this.#epoch = { row, number, value, home, generation };
    return number;
  }

  #global(): Row | undefined {
    for (const row of this.#database.replica.rows(TABLE)) return row;
    return undefined;
  }
}

function valueIn(row: Row | undefined, key: string): string | undefined {
  return row === undefined ? undefined : externalIds(row).get(key);
}

function externalIds(row: Row): ReadonlyMap<string, string> {
  const ids = row['external_ids'];
  return ids instanceof Map ? (ids as ReadonlyMap<string, string>) : new Map<string, string>();
}

function epochNumber(value: string | undefined): number {
  const number = Number.parseInt(value ?? '', 10);
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}

/** Returns whether another client changed `NB_Global`, or created its row, between the read and the write. */
function isRace(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'TIMED_OUT' || code === 'CONSTRAINT_VIOLATION';
}
