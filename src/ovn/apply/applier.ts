import type { Batch } from './batch.ts';
import { isEmpty } from '../diff/changes.ts';
import { nothing } from '../model/desired.ts';
import type { DesiredState } from '../model/desired.ts';
import { ColumnListeners } from './column-listeners.ts';
import { CutOff } from './disconnected-owners.ts';
import { diff } from '../diff/diff.ts';
import type { View } from '../diff/diff.ts';
import { drifted } from './drift.ts';
import { ApplyError } from '../errors.ts';
import type { Database, Fence } from './fence.ts';
import { GroupCommit } from './group-commit.ts';
import { Link } from './reconnect-wait.ts';
import type { Owner } from '../model/marks.ts';
import { OwnershipIndex } from '../diff/ownership.ts';
import { refence } from './retake-fence.ts';
import type { OnFenced } from './retake-fence.ts';
import { Waiters } from './row-waiters.ts';
import type { ApplyResult, ColumnListener, DriftListener, OwnedRow, RowWriter } from '../writer.ts';
import { type Clock, realClock } from '../../base/index.ts';
import type { RowChange } from '../ovsdb/index.ts';

/** What one transaction cost, for metrics. */
export interface TransactionReport {
  /** Rows inserted, updated and deleted. */
  readonly rows: number;
  /** OVSDB operations, the fence and guards too. */
  readonly operations: number;
  /** Owners whose changes were in it. */
  readonly owners: number;
  readonly durationMs: number;
  readonly ok: boolean;
}

export interface ApplierOptions {
  /** The OVSDB client. */
  readonly database: Database;
  /** Whose rows these are: the name of this Kubernetes cluster among those that share the database. */
  readonly cluster: string;
  readonly fence: Fence;
  /** About how many rows go into one transaction; default 100, the best on a raft cluster. */
  readonly rowsPerTransaction?: number;
  /** How long writes wait for a lost database before they fail; default 10 000 ms. */
  readonly reconnectDeadlineMs?: number;
  /** How long one transaction may take; default is the client's. */
  readonly transactionTimeoutMs?: number;
  /** Without it a writer whose epoch does not stand stops. */
  readonly onFenced?: OnFenced;
  readonly onTransaction?: (report: TransactionReport) => void;
  readonly clock?: Clock;
}

const unchanged: Promise<ApplyResult> = Promise.resolve({ changed: false, writes: [] });

/**
 * The one writer of the Northbound database (invariants 1 to 6): compares desired state with the replica, sends only
 * the difference, many owners at once, fenced; and notices when somebody else changes what it wrote.
 *
 * May be made before the client's first synchronisation, but is of no use until that is done. Costs O(an owner's rows)
 * for an apply and O(what changed) for an update from the server, whatever the size of the database.
 */
export class Applier implements RowWriter {
  readonly #options: ApplierOptions;
  readonly #database: Database;
  readonly #index: OwnershipIndex;
  readonly #view: View;
  readonly #commits: GroupCommit;
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #waiters = new Waiters();
  readonly #cutOff: CutOff;
  readonly #driftListeners = new Set<DriftListener>();
  readonly #columns: ColumnListeners;
  readonly #unsubscribe: (() => void)[];
  #inFlight: Batch | undefined;

  constructor(options: ApplierOptions) {
    const { database, cluster } = options;
    this.#options = options;
    this.#database = database;
    this.#clock = options.clock ?? realClock;
    this.#link = new Link(database, this.#clock, options.reconnectDeadlineMs ?? 10_000);
    this.#index = new OwnershipIndex(cluster);
    this.#index.build(database.replica);
    this.#columns = new ColumnListeners(this.#index);
    this.#view = this.#viewWith(undefined);
    this.#commits = new GroupCommit(
      {
        diff: (owner, desired, batch) => diff(owner, desired, this.#viewWith(batch)),
        ready: () => this.#link.ready(),
        send: (batch) => this.#send(batch),
        refence: () => refence(options.fence, options.onFenced),
        pause: (attempt) => this.#link.pause(Math.min(100 * 2 ** attempt, 2_000)),
        failed: (owner, error) => this.#failed(owner, error),
      },
      options.rowsPerTransaction ?? 100,
    );
    this.#unsubscribe = [
      database.replica.subscribe((changes) => this.#observe(changes)),
      database.onState((state) => {
        // What is told from now on is no part of the synchronisation that may have told a write of the lost connection.
        if (state === 'connected') this.#inFlight = undefined;
      }),
    ];
    this.#cutOff = new CutOff(database, this.#clock, (owner) => this.#report(owner, 'awaited'));
  }

  apply(owner: Owner, desired: DesiredState): Promise<ApplyResult> {
    this.#waiters.remove(owner.uid);
    // What was sent before the connection was lost may be in the database, whatever the replica shows meanwhile.
    const isDoubtful = this.#cutOff.delete(owner.uid) || this.#commits.busy(owner.uid);
    if (!isDoubtful && this.#holds(owner, desired)) return unchanged;
    return this.#commits.submit(owner, desired);
  }

  remove(owner: Owner): Promise<ApplyResult> {
    return this.apply(owner, nothing);
  }

  ownedBy(uid: string): readonly OwnedRow[] {
    return this.#index.rowsOf(uid).flatMap(({ table, uuid }) => {
      const row = this.#database.replica.get(table, uuid);
      return row === undefined ? [] : [{ table, row }];
    });
  }

  owners(): Iterable<Owner> {
    return this.#index.owners();
  }

  /** How many rows of this cluster the database has. */
  get ownedRows(): number {
    return this.#index.size;
  }

  onDrift(listener: DriftListener): () => void {
    this.#driftListeners.add(listener);
    return () => this.#driftListeners.delete(listener);
  }

  onColumn(table: string, column: string, listener: ColumnListener): () => void {
    return this.#columns.add(table, column, listener);
  }

  /** Resolves when nothing waits to be written. */
  idle(): Promise<void> {
    return this.#commits.idle();
  }

  /** Refuses further work, and resolves when the transaction in flight has ended. */
  async stop(): Promise<void> {
    this.#link.stop();
    await this.#commits.stop();
    this.#cutOff.stop();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  /** The quick way out, and the usual one in a resynchronisation: the replica already has it. */
  #holds(owner: Owner, desired: DesiredState): boolean {
    try {
      return isEmpty(diff(owner, desired, this.#view));
    } catch (error) {
      // What is wrong may be mended by what waits to be written; the transaction's own difference decides.
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
      inserting: (uuid) => batch?.inserting(uuid) ?? false,
    };
  }

  async #send(batch: Batch): Promise<void> {
    const operations = [this.#options.fence.guard(), ...batch.operations()];
    const { transactionTimeoutMs: timeoutMs } = this.#options;
    const began = this.#clock.now();
    let ok = false;
    // It stays expected after a lost reply, until the next synchronisation has told its effects.
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
    if (error.code === 'OVN_CONNECTION_FAILED') this.#cutOff.add(owner);
  }

  #observe(changes: readonly RowChange[]): void {
    this.#index.learn(changes);
    const owners = drifted(changes, this.#index, this.#inFlight);
    const awaiting = new Set(changes.flatMap((change) => this.#takeWaiters(change)));
    for (const change of changes) this.#columns.tell(change);
    this.#index.forget(changes);
    for (const owner of owners) this.#report(owner, 'changed');
    for (const owner of awaiting) if (!owners.has(owner)) this.#report(owner, 'awaited');
  }

  /** Who waited for a row that has come, or has got the marks that it lacked. */
  #takeWaiters(change: RowChange): readonly Owner[] {
    if (change.type === 'delete') return [];
    if (change.type === 'modify' && !change.changed.has('external_ids')) return [];
    return [...this.#waiters.take(change.row._uuid)];
  }

  #report(owner: Owner, cause: 'changed' | 'awaited'): void {
    for (const listener of this.#driftListeners) listener(owner, cause);
  }
}
