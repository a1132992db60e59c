import type { Uuid, Value } from '../ovsdb/index.ts';

/** A row to insert, as the replica should then show it; columns left out have their defaults. */
export interface RowInsert {
  readonly table: string;
  readonly uuid: Uuid;
  /** Without `external_ids`. */
  readonly columns: Readonly<Record<string, Value>>;
  /** All of `external_ids`. */
  readonly marks: ReadonlyMap<string, string>;
}

/** The columns of a row that differ. Marks are mutated key by key: others' keys in `external_ids` stay. */
export interface RowUpdate {
  readonly table: string;
  readonly uuid: Uuid;
  /** The columns that differ, with what they should hold; without `external_ids`. */
  readonly columns: Readonly<Record<string, Value>>;
  /** All keys of ours that `external_ids` should then hold, when they differ. */
  readonly marks: ReadonlyMap<string, string> | undefined;
  /** Keys of ours that should not be there. */
  readonly staleMarks: readonly string[];
}

/** An element that joins or leaves a shared set. */
export interface SetChange {
  readonly table: string;
  readonly row: Uuid;
  readonly column: string;
  readonly element: Uuid;
}

/** A row that must exist for the rest to mean anything. */
export interface Guard {
  readonly table: string;
  readonly uuid: Uuid;
}

/** The difference between what one owner wants and what is. */
export interface Changes {
  readonly inserts: readonly RowInsert[];
  readonly updates: readonly RowUpdate[];
  readonly deletes: readonly Guard[];
  readonly joins: readonly SetChange[];
  readonly leaves: readonly SetChange[];
  readonly guards: readonly Guard[];
}

/** How many rows the changes touch, the unit in which transactions are measured. */
export function rowCount(changes: Changes): number {
  return changes.inserts.length + changes.updates.length + changes.deletes.length;
}

export function isEmpty(changes: Changes): boolean {
  return rowCount(changes) === 0 && changes.joins.length === 0 && changes.leaves.length === 0;
}

/** The changes for people: `insert ACL`, `update NAT (external_ip)`, `add to Logical_Switch.ports`; alike ones once. */
export function describeChanges({ inserts, updates, deletes, joins, leaves }: Changes): string[] {
  const all = [
    ...inserts.map(({ table }) => `insert ${table}`),
    ...updates.map(({ table, columns, marks }) => {
      const names = [...Object.keys(columns), ...(marks === undefined ? [] : ['external_ids'])];
      return `update ${table} (${names.join(', ')})`;
    }),
    ...deletes.map(({ table }) => `delete ${table}`),
    ...joins.map(({ table, column }) => `add to ${table}.${column}`),
    ...leaves.map(({ table, column }) => `take out of ${table}.${column}`),
  ];
  return [...new Set(all)];
}
