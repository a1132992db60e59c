import { type Logger, type Steps, Turn, inTurns, realClock, silentLogger } from '../../base/index.ts';
import { defaultValue, ownSet } from './codec.ts';
import { describeEdit } from './difference.ts';
import type { ColumnEdit } from './difference.ts';
import type { ColumnType, TableSchema } from './schema.ts';
import { planDump, planUpdate } from './table-updates.ts';
import type { PlannedChange, UpdateFormat } from './table-updates.ts';
import type { Row, RowChange, Uuid, Value } from './values.ts';

/** Receives the changes of the replica. */
type ReplicaListener = (changes: readonly RowChange[]) => void;

/** A read-only view of the replicated tables. It keeps its rows while the client is disconnected. */
export interface Replica {
  get(table: string, uuid: Uuid): Row | undefined;
  /** Returns the live rows of a table; no rows if the server does not have the table. */
  rows(table: string): Iterable<Row>;
  count(table: string): number;
  /**
   * Returns whether the column is replicated and in the schema of the server; false before the first
   * connection.
   */
  hasColumn(table: string, column: string): boolean;
  /**
   * Calls `listener` after each change. The listener gets one call per update message of the server; a
   * message contains one or more committed transactions. A full dump (at the first connection and usually
   * after a reconnect) gives the differences from the old rows, in calls of at most 1000 changes, after the
   * replica contains the complete dump. The replica logs the error of a listener that throws, and calls the
   * other listeners.
   *
   * @returns the function that ends the subscription
   */
  subscribe(listener: ReplicaListener): () => void;
}

/** The maximum number of changes per call of a listener after a dump. */
const MAX_DUMP_CHANGES = 1000;

interface Table {
  readonly schema: TableSchema;
  readonly rows: Map<Uuid, Row>;
}

/**
 * The replica with the methods for its only writer, the connection. The writer must apply updates
 * sequentially.
 */
export class ReplicaStore implements Replica {
  readonly #tables = new Map<string, Table>();
  readonly #listeners = new Set<ReplicaListener>();
  readonly #log: Logger;

  constructor(log: Logger = silentLogger) {
    this.#log = log;
  }

  get(table: string, uuid: Uuid): Row | undefined {
    return this.#tables.get(table)?.rows.get(uuid);
  }

  rows(table: string): Iterable<Row> {
    return this.#tables.get(table)?.rows.values() ?? [];
  }

  count(table: string): number {
    return this.#tables.get(table)?.rows.size ?? 0;
  }

  hasColumn(table: string, column: string): boolean {
    return this.#tables.get(table)?.schema.columns.has(column) ?? false;
  }

  subscribe(listener: ReplicaListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sets the tables and columns of the replica. Existing rows stay and get defaults in new columns. Rows of
   * removed tables are deleted.
   *
   * @returns whether tables or columns changed; the caller must then apply a full dump
   */
  setTables(tables: ReadonlyMap<string, TableSchema>): boolean {
    let differs = false;
    const deleted: RowChange[] = [];
    for (const [name, table] of this.#tables) {
      if (tables.has(name)) continue;
      differs = true;
      for (const row of table.rows.values()) deleted.push({ type: 'delete', table: name, row });
      this.#tables.delete(name);
    }
    for (const [name, schema] of tables) {
      const held = this.#tables.get(name);
      if (held && sameColumns(held.schema, schema)) continue;
      differs = true;
      const rows = held?.rows ?? new Map<Uuid, Row>();
      for (const row of rows.values()) migrate(row, held?.schema, schema);
      this.#tables.set(name, { schema, rows });
    }
    if (deleted.length > 0) this.#notify(deleted);
    return differs;
  }

  /**
   * Applies an update: a small update at once, a large update after several turns of the event loop. The rows
   * change in one step at the end.
   *
   * @param stillNeeded called just before the rows change; if it returns false, nothing changes
   * @returns whether the update was applied; a promise only if the update took several turns of the event
   * loop
   * @throws OvsdbError PROTOCOL_ERROR like {@link planUpdate}
   */
  applyUpdate(
    format: UpdateFormat,
    updates: unknown,
    stillNeeded = (): boolean => true,
  ): boolean | Promise<boolean> {
    const finish = (plan: readonly PlannedChange[]): boolean => {
      if (!stillNeeded()) return false;
      if (plan.length > 0) this.#notify(this.#commit(plan));
      return true;
    };
    const plan = inTurns(planUpdate(this.#tables, format, updates));
    return plan instanceof Promise ? plan.then(finish) : finish(plan);
  }

  /**
   * Replaces the rows by the rows of a full dump, in one step, and notifies the listeners in slices.
   *
   * @param stillNeeded called just before the rows change; if it returns false, nothing changes
   * @returns whether the dump was applied, after all listeners were notified
   * @throws OvsdbError PROTOCOL_ERROR like {@link planDump}
   */
  async applyDump(format: UpdateFormat, dump: unknown, stillNeeded = (): boolean => true): Promise<boolean> {
    const steps: Steps<PlannedChange[]> = planDump(this.#tables, format, dump);
    const plan = await inTurns(steps);
    if (!stillNeeded()) return false;
    const changes = this.#commit(plan);
    const turn = new Turn(() => realClock.now());
    for (let at = 0; at < changes.length; at += MAX_DUMP_CHANGES) {
      this.#notify(changes.slice(at, at + MAX_DUMP_CHANGES));
      const others = turn.over();
      if (others !== undefined) await others;
    }
    return true;
  }

  #commit(plan: readonly PlannedChange[]): RowChange[] {
    return plan.map((change) => {
      const { type, table, row } = change;
      if (change.type === 'modify') {
        for (const edit of change.edits) applyEdit(row, edit);
        const changed = new Map(change.edits.map((edit) => [edit.column, describeEdit(edit)]));
        return { type: 'modify', table, row, changed };
      }
      const rows = this.#tables.get(table)?.rows;
      if (type === 'insert') rows?.set(row._uuid, row);
      else rows?.delete(row._uuid);
      return { type: change.type, table, row };
    });
  }

  #notify(changes: readonly RowChange[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(changes);
      } catch (error) {
        this.#log.error('a listener of the OVSDB replica failed', { error: String(error) });
      }
    }
  }
}

function applyEdit(row: Row, edit: ColumnEdit): void {
  const columns = row as Record<string, Value>;
  if ('delta' in edit) {
    const set = ownSet(columns[edit.column]);
    for (const atom of edit.delta.removed) set.delete(atom);
    for (const atom of edit.delta.added) set.add(atom);
    columns[edit.column] = set;
  } else {
    columns[edit.column] = edit.value;
  }
}

function sameColumns(a: TableSchema, b: TableSchema): boolean {
  return (
    a.columns.size === b.columns.size &&
    [...b.columns].every(([name, type]) => sameType(a.columns.get(name), type))
  );
}

function sameType(a: ColumnType | undefined, b: ColumnType): boolean {
  return a?.kind === b.kind && a.key === b.key && a.value === b.value && a.min === b.min && a.max === b.max;
}

function migrate(row: Row, from: TableSchema | undefined, to: TableSchema): void {
  const columns = row as Record<string, Value>;
  for (const name of from?.columns.keys() ?? []) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- rows are plain objects, and this is rare
    if (!to.columns.has(name)) delete columns[name];
  }
  for (const [name, type] of to.columns) {
    if (!sameType(from?.columns.get(name), type)) columns[name] = defaultValue(type);
  }
}
