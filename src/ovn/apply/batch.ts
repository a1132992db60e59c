import { rowCount } from '../diff/changes.ts';
import type { Changes, Guard, RowInsert, RowUpdate, SetChange } from '../diff/changes.ts';
import type { Operation, Uuid } from '../ovsdb/index.ts';
import {
  deleteRow,
  insertRow,
  mutateExternalIds,
  mutateReferences,
  requireRow,
  updateRow,
} from './operations.ts';

/** The elements of all owners that join and leave one shared set. They need only one operation. */
interface SetMutation {
  readonly table: string;
  readonly row: Uuid;
  readonly column: string;
  readonly joins: Set<Uuid>;
  readonly leaves: Set<Uuid>;
}

/**
 * The changes of several owners for one transaction. While the transaction is in flight, the batch also tells
 * which changes of the replica to expect.
 */
export class Batch {
  readonly inserts = new Map<Uuid, RowInsert>();
  readonly updates = new Map<Uuid, RowUpdate>();
  readonly deletes = new Map<Uuid, Guard>();
  readonly #guards = new Map<Uuid, Guard>();
  readonly #sets = new Map<string, SetMutation>();
  #rows = 0;
  #owners = 0;

  /** Rows inserted, updated and deleted. */
  get rows(): number {
    return this.#rows;
  }

  /** Owners whose changes the batch contains. */
  get owners(): number {
    return this.#owners;
  }

  inserting(uuid: Uuid): boolean {
    return this.inserts.has(uuid);
  }

  joining(row: Uuid, column: string, element: Uuid): boolean {
    return this.#sets.get(setKey(row, column))?.joins.has(element) ?? false;
  }

  leaving(row: Uuid, column: string, element: Uuid): boolean {
    return this.#sets.get(setKey(row, column))?.leaves.has(element) ?? false;
  }

  /**
   * Returns whether the changes delete rows that other changes of the batch need, or need rows that other
   * changes delete. One transaction with both would lose rows without an error.
   */
  conflictsWith(changes: Changes): boolean {
    return (
      changes.guards.some(({ uuid }) => this.deletes.has(uuid)) ||
      changes.deletes.some(({ uuid }) => this.#guards.has(uuid) || this.inserts.has(uuid))
    );
  }

  add(changes: Changes): void {
    for (const insert of changes.inserts) this.inserts.set(insert.uuid, insert);
    for (const update of changes.updates) this.updates.set(update.uuid, update);
    for (const guard of changes.deletes) this.deletes.set(guard.uuid, guard);
    for (const guard of changes.guards) this.#guards.set(guard.uuid, guard);
    for (const join of changes.joins) this.#set(join).joins.add(join.element);
    for (const leave of changes.leaves) this.#set(leave).leaves.add(leave.element);
    this.#rows += rowCount(changes);
    this.#owners += 1;
  }

  #set({ table, row, column }: SetChange): SetMutation {
    const key = setKey(row, column);
    let set = this.#sets.get(key);
    if (set === undefined)
      this.#sets.set(key, (set = { table, row, column, joins: new Set(), leaves: new Set() }));
    return set;
  }

  /**
   * Returns the operations in a safe order: inserts, guards, mutations, updates, deletions. The guards are
   * necessary because a mutation of a missing row matches no row and is not an error.
   */
  operations(): Operation[] {
    return [
      ...Array.from(this.inserts.values(), ({ table, uuid, columns, marks }) =>
        insertRow(table, uuid, { ...columns, external_ids: marks }),
      ),
      ...Array.from(this.#guards.values(), ({ table, uuid }) => requireRow(table, uuid)),
      ...Array.from(this.#sets.values(), ({ table, row, column, joins, leaves }) =>
        mutateReferences(table, row, column, { remove: leaves, add: joins }),
      ),
      ...[...this.updates.values()].flatMap(updateOperations),
      ...Array.from(this.deletes.values(), ({ table, uuid }) => deleteRow(table, uuid)),
    ];
  }
}

function setKey(row: Uuid, column: string): string {
  return `${row}/${column}`;
}

function updateOperations({ table, uuid, columns, marks, staleMarks }: RowUpdate): Operation[] {
  const operations: Operation[] = [];
  if (Object.keys(columns).length > 0) operations.push(updateRow(table, uuid, columns));
  if (marks !== undefined)
    operations.push(mutateExternalIds(table, uuid, { remove: staleMarks, put: marks }));
  return operations;
}
