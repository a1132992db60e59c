import type { Uuid, Value } from '../ovsdb/index.ts';

/**
 * A row to insert. After the transaction the replica shows exactly these values, and defaults in other
 * columns.
 */
export interface RowInsert {
  readonly table: string;
  readonly uuid: Uuid;
  /** All columns except `external_ids`. */
  readonly columns: Readonly<Record<string, Value>>;
  /** The complete `external_ids`. */
  readonly marks: ReadonlyMap<string, string>;
}

/**
 * The columns of a row that differ from the desired row. The applier mutates marks key by key, so keys of
 * other clients in `external_ids` stay.
 */
export interface RowUpdate {
  readonly table: string;
  readonly uuid: Uuid;
  /** The desired values of the columns that differ, except `external_ids`. */
  readonly columns: Readonly<Record<string, Value>>;
  /** All desired marks in `external_ids`; undefined if the marks do not differ. */
  readonly marks: ReadonlyMap<string, string> | undefined;
  /** The marks to delete. */
  readonly staleMarks: readonly string[];
}

/** An element to add to, or delete from, a shared set. */
export interface SetChange {
  readonly table: string;
  readonly row: Uuid;
  readonly column: string;
  readonly element: Uuid;
}

/** A row that must exist when the transaction runs. */
export interface Guard {
  readonly table: string;
  readonly uuid: Uuid;
}

/** The difference between the desired state of one owner and the replica. */
export interface Changes {
  readonly inserts: readonly RowInsert[];
  readonly updates: readonly RowUpdate[];
  readonly deletes: readonly Guard[];
  readonly joins: readonly SetChange[];
  readonly leaves: readonly SetChange[];
  readonly guards: readonly Guard[];
}

/**
 * Returns the number of rows that the changes insert, update and delete. This number limits a transaction.
 */
export function rowCount(changes: Changes): number {
  return changes.inserts.length + changes.updates.length + changes.deletes.length;
}

export function isEmpty(changes: Changes): boolean {
  return rowCount(changes) === 0 && changes.joins.length === 0 && changes.leaves.length === 0;
}

/**
 * Describes the changes for log messages: `insert ACL`, `update NAT (external_ip)`, `add to
 * Logical_Switch.ports`. The result has no duplicates.
 */
export function describeChanges({ inserts, updates, deletes, joins, leaves }: Changes): string[] {
  const all = [
    ...inserts.map(({ table }) => `insert ${table}`),
    ...updates.map(({ table, columns, marks }) => {
      const names = [...Object.keys(columns), ...(marks === undefined ? [] : ['external_ids'])];
      return `update ${table} (${names.join(', ')})`;
    }),
    ...deletes.map(({ table }) => `delete ${table}`),
    ...joins.map(({ table, column }) => `add to ${table}.${column}`),
    ...leaves.map(({ table, column }) => `remove from ${table}.${column}`),
  ];
  return [...new Set(all)];
}
