import { type Logger, type Steps, Turn, inTurns, realClock, silentLogger } from '../../base/index.ts';
import { defaultValue, ownSet } from './codec.ts';
import { describeEdit } from './difference.ts';
import type { ColumnEdit } from './difference.ts';
import type { ColumnType, TableSchema } from './schema.ts';
import { planDump, planUpdate } from './table-updates.ts';
import type { PlannedChange, UpdateFormat } from './table-updates.ts';
import type { Row, RowChange, Uuid, Value } from './values.ts';

/** What subscribers are called with. */
export type ReplicaListener = (changes: readonly RowChange[]) => void;

/** A read-only view of the server's monitored tables. It keeps its rows while the connection is away. */
export interface Replica {
  get(table: string, uuid: Uuid): Row | undefined;
  /** All rows of a table, live; empty for a table that the server does not have. */
  rows(table: string): Iterable<Row>;
  count(table: string): number;
  /** Whether the column is monitored and the server's schema has it; false before the first connection. */
  hasColumn(table: string, column: string): boolean;
  /**
   * Calls `listener` after each change: once for each update message of the server, which is a committed
   * transaction or several; a full dump (at the first connection and mostly after a reconnect) comes as the
   * difference it made, in several calls of at most 1000 changes, after the replica holds all of it. A listener
   * that throws is logged, and harms no one else.
   *
   * @returns the function that ends the subscription.
   */
  subscribe(listener: ReplicaListener): () => void;
}

/** Changes of a dump told to listeners at once. */
const dumpSlice = 1000;

interface Table {
  readonly schema: TableSchema;
  readonly rows: Map<Uuid, Row>;
}

/** The replica and its one writer, the connection. Updates must be applied one after the other. */
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
   * Takes the tables and columns to hold. Rows held stay, with defaults in columns that are new; tables that are
   * gone lose their rows. Returns whether anything differs: then differences from the old state no longer apply,
   * and a full dump must follow.
   */
  setTables(tables: ReadonlyMap<string, TableSchema>): boolean {
    let differs = false;
    const gone: RowChange[] = [];
    for (const [name, table] of this.#tables) {
      if (tables.has(name)) continue;
      differs = true;
      for (const row of table.rows.values()) gone.push({ type: 'delete', table: name, row });
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
    if (gone.length > 0) this.#tell(gone);
    return differs;
  }

  /**
   * Applies a change notification, at once when it is small, else in slices before which nothing changes.
   *
   * @param stillWanted asked just before the change is made; when false nothing is changed.
   * @returns whether it was applied, as a promise only when it took several turns of the event loop.
   * @throws OvsdbError PROTOCOL_ERROR as {@link planUpdate}.
   */
  applyUpdate(
    format: UpdateFormat,
    updates: unknown,
    stillWanted = (): boolean => true,
  ): boolean | Promise<boolean> {
    const finish = (plan: readonly PlannedChange[]): boolean => {
      if (!stillWanted()) return false;
      if (plan.length > 0) this.#tell(this.#commit(plan));
      return true;
    };
    const plan = inTurns(planUpdate(this.#tables, format, updates));
    return plan instanceof Promise ? plan.then(finish) : finish(plan);
  }

  /**
   * Makes the rows those of a full dump, in one step once the difference is known, and tells it in slices.
   * Resolves when all is told; with false, and nothing changed, when `stillWanted` said so.
   */
  async applyDump(format: UpdateFormat, dump: unknown, stillWanted = (): boolean => true): Promise<boolean> {
    const steps: Steps<PlannedChange[]> = planDump(this.#tables, format, dump);
    const plan = await inTurns(steps);
    if (!stillWanted()) return false;
    const changes = this.#commit(plan);
    const turn = new Turn(() => realClock.now());
    for (let at = 0; at < changes.length; at += dumpSlice) {
      this.#tell(changes.slice(at, at + dumpSlice));
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

  #tell(changes: readonly RowChange[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(changes);
      } catch (error) {
        this.#log.error('a subscriber of the OVSDB replica failed', { error: String(error) });
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
