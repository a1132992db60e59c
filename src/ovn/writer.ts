import type { Retention } from './diff/retention.ts';
import type { DesiredState, Membership } from './model/desired.ts';
import type { Owner } from './model/marks.ts';
import type { Row } from './ovsdb/index.ts';

/** The result of an apply. */
export interface ApplyResult {
  /** Whether the writer sent a transaction. */
  readonly changed: boolean;
  /**
   * The writes, for log messages: `insert ACL`, `update NAT (external_ip)`, `add to Logical_Switch.ports`.
   */
  readonly writes: readonly string[];
  /** After a removal: the owners of the rows that need rows which therefore stay. */
  readonly heldBy?: readonly Owner[];
}

/** A row with an owner's marks. */
export interface OwnedRow {
  readonly table: string;
  readonly row: Row;
}

/**
 * Receives an owner whose rows may differ from its desired state (`changed`: the next apply compares them),
 * or whose rows may now be writable (`awaited`).
 */
export type DriftListener = (owner: Owner, cause: 'changed' | 'awaited') => void;

/** The only way to write to the Northbound database. */
export interface RowWriter {
  /**
   * Makes the owner's rows and memberships in the database equal to `desired`. Resolves when the replica
   * shows them. If the replica already shows them, the call sends nothing. A newer call for the same owner
   * replaces a call that has not been sent yet; both resolve together.
   *
   * @throws ApplyError with a `code` and a `retry` advice
   */
  apply(owner: Owner, desired: DesiredState): Promise<ApplyResult>;
  /**
   * Removes the rows and memberships of the owner: the same as applying the empty state. With `retention`, port groups
   * that rows of other owners still need stay. The writer removes them in the moment when nothing needs them.
   */
  remove(owner: Owner, retention?: Retention): Promise<ApplyResult>;
  /** Returns the rows of the owner with this UID from the replica. O(rows of the owner). */
  ownedBy(uid: string): readonly OwnedRow[];
  /**
   * Returns the state that the replica shows for the owner with this UID. To apply this state changes nothing. O(rows
   * and memberships of the owner).
   */
  present(uid: string): DesiredState;
  /** Returns the memberships in {@link present}, without a copy of the rows. */
  membershipsOf(uid: string): readonly Membership[];
  /** Returns a row of any owner from the replica. */
  get(table: string, uuid: string): Row | undefined;
  /** Returns every owner of this cluster that has rows in the database. */
  owners(): Iterable<Owner>;
  /**
   * Reports an owner when another client changed its managed columns, rows or memberships. Also reports an
   * owner whose apply failed with `retry: 'wait'` when the row that it waits for appears.
   *
   * @returns the function that removes the listener
   */
  onDrift(listener: DriftListener): () => void;
}
