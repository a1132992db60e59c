import { type Clock, realClock } from '../../base/index.ts';
import { ApplyError } from '../errors.ts';
import { isEmpty } from '../diff/changes.ts';
import { diff } from '../diff/diff.ts';
import type { View } from '../diff/diff.ts';
import { OwnershipIndex } from '../diff/ownership.ts';
import { presentMemberships, presentState } from '../diff/present.ts';
import type { Retention } from '../diff/retention.ts';
import { nothing } from '../model/desired.ts';
import type { DesiredState, Membership } from '../model/desired.ts';
import type { Owner } from '../model/marks.ts';
import type { Row, RowChange } from '../ovsdb/index.ts';
import type { ApplyResult, DriftListener, OwnedRow, RowWriter } from '../writer.ts';
import type { Batch } from './batch.ts';
import { findDrift } from './drift.ts';
import type { Database, Fence } from './fence.ts';
import { GroupCommit } from './group-commit.ts';
import { LostMembers } from './lost-members.ts';
import { requestProgress } from './operations.ts';
import { ReconnectWait } from './reconnect-wait.ts';
import { retakeFence } from './retake-fence.ts';
import type { OnFenced } from './retake-fence.ts';
import { RetainedRows } from './retained-rows.ts';
import { RowWaiters } from './row-waiters.ts';
import { UnwrittenOwners } from './unwritten-owners.ts';

/** The size and duration of one transaction, for metrics. */
export interface TransactionReport {
  /** Rows inserted, updated and deleted. */
  readonly rows: number;
  /** OVSDB operations, including the fence and the guards. */
  readonly operations: number;
  /** Owners whose changes the transaction contained. */
  readonly owners: number;
  readonly durationMs: number;
  readonly ok: boolean;
}

export interface ApplierOptions {
  /** The OVSDB client. */
  readonly database: Database;
  /** The name of this Kubernetes cluster. Names must be unique among the clusters that share the database. */
  readonly cluster: string;
  readonly fence: Fence;
  /**
   * The approximate number of rows in one transaction. Default 100: the fastest value with a raft cluster.
   */
  readonly rowsPerTransaction?: number;
  /** How long a write waits for a lost connection before the write fails. Default 10,000 ms. */
  readonly reconnectDeadlineMs?: number;
  /** The deadline of one transaction. Default: the deadline of the client. */
  readonly transactionTimeoutMs?: number;
  /**
   * Decides what happens when the database no longer contains this operator's epoch. Default: stop writing.
   */
  readonly onFenced?: OnFenced;
  readonly onTransaction?: (report: TransactionReport) => void;
  readonly clock?: Clock;
}

const unchanged: Promise<ApplyResult> = Promise.resolve({ changed: false, writes: [] });

/**
 * The only writer of the Northbound database. The applier compares desired states with the replica and sends
 * only the difference. One transaction contains the changes of many owners and begins with the fence. The
 * applier also reports drift: changes that other clients make to its rows.
 *
 * The applier may be created before the first synchronization of the client, but it needs the replica to
 * apply states. An apply costs O(rows of the owner), and an update from the server costs O(changes). Neither
 * depends on the size of the database.
 */
export class Applier implements RowWriter {
  readonly #options: ApplierOptions;
  readonly #database: Database;
  readonly #index: OwnershipIndex;
  readonly #view: View;
  readonly #commits: GroupCommit;
  readonly #reconnect: ReconnectWait;
  readonly #clock: Clock;
  readonly #waiters = new RowWaiters();
  readonly #retained: RetainedRows;
  readonly #lost = new LostMembers();
  readonly #unwritten: UnwrittenOwners;
  readonly #driftListeners = new Set<DriftListener>();
  readonly #unsubscribe: (() => void)[];
  #inFlight: Batch | undefined;

  constructor(options: ApplierOptions) {
    const { database, cluster } = options;
    this.#options = options;
    this.#database = database;
    this.#clock = options.clock ?? realClock;
    this.#reconnect = new ReconnectWait(database, this.#clock, options.reconnectDeadlineMs ?? 10_000);
    this.#index = new OwnershipIndex(cluster);
    this.#index.build(database.replica);
    this.#view = this.#viewWith(undefined);
    this.#retained = new RetainedRows(this.#view);
    this.#commits = new GroupCommit(
      {
        diff: (owner, desired, batch) => diff(owner, desired, this.#viewWith(batch)),
        ready: () => this.#reconnect.ready(),
        send: (batch) => this.#send(batch),
        retakeFence: () => retakeFence(options.fence, options.onFenced),
        pause: (attempt) => this.#reconnect.pause(Math.min(100 * 2 ** attempt, 2_000)),
        failed: (owner, error) => this.#failed(owner, error),
      },
      options.rowsPerTransaction ?? 100,
    );
    this.#unsubscribe = [
      database.replica.subscribe((changes) => this.#observe(changes)),
      database.onState((state) => {
        // The synchronization has reported all effects of the lost connection. Later changes come from other clients.
        if (state === 'connected') this.#inFlight = undefined;
      }),
    ];
    this.#unwritten = new UnwrittenOwners(database, this.#clock, (owner) => this.#report(owner, 'awaited'));
  }

  apply(owner: Owner, desired: DesiredState): Promise<ApplyResult> {
    this.#waiters.remove(owner.uid);
    this.#retained.forget(owner.uid);
    // A transaction that was sent before the connection was lost may be in the database but not yet in the replica.
    const isUncertain = this.#unwritten.delete(owner.uid) || this.#commits.isBusy(owner.uid);
    if (!isUncertain && this.#isApplied(owner, desired)) return unchanged;
    return this.#commits.submit(owner, desired);
  }

  async remove(owner: Owner, retention?: Retention): Promise<ApplyResult> {
    if (retention === undefined) return this.apply(owner, nothing);
    const result = await this.apply(owner, { ...nothing, retention });
    const heldBy = this.#retained.record(owner, retention);
    return heldBy.length === 0 ? result : { ...result, heldBy };
  }

  ownedBy(uid: string): readonly OwnedRow[] {
    return this.#index.rowsOf(uid).flatMap(({ table, uuid }) => {
      const row = this.#database.replica.get(table, uuid);
      return row === undefined ? [] : [{ table, row }];
    });
  }

  present(uid: string): DesiredState {
    return presentState(uid, this.#view);
  }

  membershipsOf(uid: string): readonly Membership[] {
    return presentMemberships(uid, this.#view);
  }

  get(table: string, uuid: string): Row | undefined {
    return this.#database.replica.get(table, uuid);
  }

  owners(): Iterable<Owner> {
    return this.#index.owners();
  }

  onDrift(listener: DriftListener): () => void {
    this.#driftListeners.add(listener);
    return () => this.#driftListeners.delete(listener);
  }

  /**
   * Asks OVN to report its progress. Returns the number that a host reports when it has applied everything that the
   * database contains now.
   *
   * @throws OvsdbError when the transaction fails
   */
  async requestProgress(): Promise<number> {
    await this.#database.transact([this.#options.fence.guard(), requestProgress]);
    const [global] = this.#database.replica.rows('NB_Global');
    return Number(global?.['nb_cfg'] ?? 0);
  }

  /** Resolves when no change waits for a transaction and no transaction is in flight. */
  idle(): Promise<void> {
    return this.#commits.idle();
  }

  /** Rejects further applies. Resolves when the transaction in flight has ended. */
  async stop(): Promise<void> {
    this.#reconnect.stop();
    await this.#commits.stop();
    this.#unwritten.stop();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  /** Returns whether the replica already shows the desired state. This is the usual case after a restart. */
  #isApplied(owner: Owner, desired: DesiredState): boolean {
    try {
      return isEmpty(diff(owner, desired, this.#view));
    } catch (error) {
      // A pending change may remove the cause. The diff for the transaction decides.
      if (error instanceof ApplyError) return false;
      throw error;
    }
  }

  #viewWith(batch: Batch | undefined): View {
    const { replica } = this.#database;
    const index = this.#index;
    return {
      cluster: this.#options.cluster,
      get: (table, uuid) => replica.get(table, uuid),
      hasColumn: (table, column) => replica.hasColumn(table, column),
      ownerOf: (uuid) => index.ownerOf(uuid),
      rowsOf: (uid) => index.rowsOf(uid),
      referrersOf: (element) => index.referrersOf(element),
      rowsNaming: (group) => index.rowsNaming(group),
      lostMembers: (group) => this.#lost.of(group),
      inserting: (uuid) => batch?.inserting(uuid) ?? false,
    };
  }

  async #send(batch: Batch): Promise<void> {
    const operations = [this.#options.fence.guard(), ...batch.operations()];
    const { transactionTimeoutMs: timeoutMs } = this.#options;
    const began = this.#clock.now();
    let ok = false;
    // After a lost reply the batch stays set until the next synchronization has reported its effects.
    this.#inFlight = batch;
    try {
      await this.#database.transact(operations, timeoutMs === undefined ? {} : { timeoutMs });
      ok = true;
      this.#inFlight = undefined;
    } finally {
      this.#options.onTransaction?.({
        rows: batch.rows,
        operations: operations.length,
        owners: batch.owners,
        durationMs: this.#clock.now() - began,
        ok,
      });
    }
  }

  #failed(owner: Owner, error: ApplyError): void {
    if (error.retry === 'wait' && error.row !== undefined) this.#waiters.add(owner, error.row.uuid);
    if (error.code === 'OVN_CONNECTION_FAILED') this.#unwritten.add(owner);
  }

  #observe(changes: readonly RowChange[]): void {
    this.#index.addNew(changes);
    const owners = findDrift(changes, this.#index, this.#inFlight);
    this.#lost.observe(changes, this.#index, this.#inFlight);
    const awaiting = new Set(changes.flatMap((change) => this.#takeWaiters(change)));
    this.#index.removeOld(changes);
    for (const owner of owners) this.#report(owner, 'changed');
    for (const owner of awaiting) if (!owners.has(owner)) this.#report(owner, 'awaited');
    for (const { owner, retention } of this.#retained.unused()) {
      // If the removal fails, the next sweep repeats it.
      this.remove(owner, retention).catch(() => undefined);
    }
  }

  /** Returns the owners that waited for this row: the row is new, or its marks changed. */
  #takeWaiters(change: RowChange): readonly Owner[] {
    if (change.type === 'delete') return [];
    if (change.type === 'modify' && !change.changed.has('external_ids')) return [];
    return [...this.#waiters.take(change.row._uuid)];
  }

  #report(owner: Owner, cause: 'changed' | 'awaited'): void {
    for (const listener of this.#driftListeners) listener(owner, cause);
  }
}
