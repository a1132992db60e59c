import type { DesiredState } from './model/desired.ts';
import type { Owner } from './model/marks.ts';
import type { Row, Value } from './ovsdb/index.ts';

/** What an apply did. */
export interface ApplyResult {
  /** Whether anything had to be written. */
  readonly changed: boolean;
  /** What was written, for people: `insert ACL`, `update NAT (external_ip)`, `add to Logical_Switch.ports`. */
  readonly writes: readonly string[];
}

/** A row that carries an owner's marks. */
export interface OwnedRow {
  readonly table: string;
  readonly row: Row;
}

/**
 * Told of an owner whose rows may not be as they were written (`changed`: the comparison of the next apply shows it),
 * or may now be writable (`awaited`).
 */
export type DriftListener = (owner: Owner, cause: 'changed' | 'awaited') => void;

/** Told of a column that others write (`Logical_Switch_Port.up`), when it changes in a row of ours. */
export type ColumnListener = (owner: Owner, row: Row, value: Value) => void;

/** The one way to the Northbound database: what controllers know of this module's inside. */
export interface RowWriter {
  /**
   * Makes the owner's rows and memberships in the database exactly these. Resolves when the replica shows them; at
   * once, and with nothing sent, when it already does. A newer call for the same owner replaces one that has not
   * been sent yet, and both resolve together.
   *
   * @throws ApplyError with a `code` and what to do next (`retry`).
   */
  apply(owner: Owner, desired: DesiredState): Promise<ApplyResult>;
  /** The same as applying nothing: the owner's rows and memberships go. */
  remove(owner: Owner): Promise<ApplyResult>;
  /** The rows that carry this UID's marks, as the replica has them. O(rows of the owner). */
  ownedBy(uid: string): readonly OwnedRow[];
  /** Every owner that has rows of this cluster in the database. */
  owners(): Iterable<Owner>;
  /**
   * Reports owners whose managed columns, rows or memberships were changed by someone else, and owners whose apply
   * failed with `retry: 'wait'` when the row they wait for has come. Returns the way to stop listening.
   */
  onDrift(listener: DriftListener): () => void;
  /** Reports a change of a column in rows of ours, whoever made it; used for columns that northd writes. */
  onColumn(table: string, column: string, listener: ColumnListener): () => void;
}
