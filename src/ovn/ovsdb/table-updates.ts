import type { Steps } from '../../base/index.ts';
import { decodeValue, defaultValue } from './codec.ts';
import { compareValues, readDifference } from './difference.ts';
import type { ColumnEdit } from './difference.ts';
import { OvsdbError } from './errors.ts';
import type { TableSchema } from './schema.ts';
import type { Row, Uuid, Value } from './values.ts';

/**
 * 1: `update` with complete rows (RFC 7047 §4.1.6). 2: `update2` and `update3` with differences
 * (ovsdb-server(7)).
 */
export type UpdateFormat = 1 | 2;

/** A change that the replica has not applied yet. */
export type PlannedChange =
  | { readonly type: 'insert' | 'delete'; readonly table: string; readonly row: Row }
  | {
      readonly type: 'modify';
      readonly table: string;
      readonly row: Row;
      readonly edits: readonly ColumnEdit[];
    };

/** A table of the replica: the schema of its replicated columns, and its rows. */
interface ReplicaTable {
  readonly schema: TableSchema;
  readonly rows: ReadonlyMap<Uuid, Row>;
}

/**
 * Computes the changes of an update without applying them, so a malformed update never leaves a half-applied
 * transaction.
 *
 * @throws OvsdbError PROTOCOL_ERROR when the update does not fit the rows of the replica; the replica then
 * needs a dump
 */
export function* planUpdate(
  tables: ReadonlyMap<string, ReplicaTable>,
  format: UpdateFormat,
  updates: unknown,
): Steps<PlannedChange[]> {
  const changes: PlannedChange[] = [];
  for (const [name, tableUpdate] of entries(updates, 'table-updates')) {
    const table = tables.get(name);
    if (!table)
      throw new OvsdbError(
        'PROTOCOL_ERROR',
        `the server sent the table ${name}, which the client does not monitor`,
      );
    for (const [uuid, rowUpdate] of entries(tableUpdate, name)) {
      const change = planRow(table, format, uuid, rowUpdate);
      if (change) changes.push(change);
      yield;
    }
  }
  return changes;
}

/**
 * Computes the changes from the current rows to the rows of a full dump. The result contains only rows that
 * differ.
 *
 * @throws OvsdbError PROTOCOL_ERROR when the dump is malformed
 */
export function* planDump(
  tables: ReadonlyMap<string, ReplicaTable>,
  format: UpdateFormat,
  dump: unknown,
): Steps<PlannedChange[]> {
  const changes: PlannedChange[] = [];
  const dumped = new Map(entries(dump, 'table-updates'));
  for (const name of dumped.keys()) {
    if (!tables.has(name))
      throw new OvsdbError(
        'PROTOCOL_ERROR',
        `the server sent the table ${name}, which the client does not monitor`,
      );
  }
  for (const [name, table] of tables) {
    const rows = (dumped.get(name) ?? {}) as Record<string, unknown>;
    let known = 0;
    for (const [uuid, rowUpdate] of entries(rows, name)) {
      const row = decodeRow(table.schema, uuid, wholeRow(format, rowUpdate, name));
      const held = table.rows.get(uuid);
      if (held) known++;
      const change = held ? planModify(table.schema, held, row) : insertion(name, row);
      if (change) changes.push(change);
      yield;
    }
    if (known === table.rows.size) continue;
    for (const [uuid, row] of table.rows) {
      if (!Object.hasOwn(rows, uuid)) changes.push({ type: 'delete', table: name, row });
      yield;
    }
  }
  return changes;
}

function planRow(
  table: ReplicaTable,
  format: UpdateFormat,
  uuid: Uuid,
  rowUpdate: unknown,
): PlannedChange | undefined {
  const { name } = table.schema;
  const update = object(rowUpdate, name);
  const held = table.rows.get(uuid);
  if (format === 1 ? !isObject(update['new']) : 'delete' in update) {
    // The deletion of an unknown row is harmless: replica and server agree afterwards.
    return held && { type: 'delete', table: name, row: held };
  }
  if (format === 2 && 'modify' in update) {
    if (!held)
      throw new OvsdbError(
        'PROTOCOL_ERROR',
        `the server changed row ${uuid} of ${name}, which the replica does not contain`,
      );
    return modification(name, held, readDifferences(table.schema, held, object(update['modify'], name)));
  }
  const row = decodeRow(table.schema, uuid, wholeRow(format, update, name));
  return held ? planModify(table.schema, held, row) : insertion(name, row);
}

function wholeRow(format: UpdateFormat, rowUpdate: unknown, table: string): Record<string, unknown> {
  const update = object(rowUpdate, table);
  return object(format === 1 ? update['new'] : (update['initial'] ?? update['insert']), table);
}

function decodeRow(schema: TableSchema, uuid: Uuid, wire: Record<string, unknown>): Row {
  const row: Record<string, Value> = { _uuid: uuid };
  for (const [column, type] of schema.columns) {
    const value = wire[column];
    row[column] = value === undefined ? defaultValue(type) : decodeValue(type, value);
  }
  return row as Row;
}

function planModify(schema: TableSchema, held: Row, row: Row): PlannedChange | undefined {
  const edits: ColumnEdit[] = [];
  for (const [column, type] of schema.columns) {
    const edit = compareValues(column, held[column] ?? defaultValue(type), row[column] ?? defaultValue(type));
    if (edit) edits.push(edit);
  }
  return modification(schema.name, held, edits);
}

function readDifferences(schema: TableSchema, held: Row, wire: Record<string, unknown>): ColumnEdit[] {
  const edits: ColumnEdit[] = [];
  for (const [column, value] of Object.entries(wire)) {
    const type = schema.columns.get(column);
    if (!type) continue;
    const edit = readDifference(type, column, held[column] ?? defaultValue(type), value);
    if (edit) edits.push(edit);
  }
  return edits;
}

function insertion(table: string, row: Row): PlannedChange {
  return { type: 'insert', table, row };
}

function modification(table: string, row: Row, edits: readonly ColumnEdit[]): PlannedChange | undefined {
  return edits.length === 0 ? undefined : { type: 'modify', table, row, edits };
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function object(json: unknown, what: string): Record<string, unknown> {
  if (!isObject(json)) throw new OvsdbError('PROTOCOL_ERROR', `${what}: the server sent a malformed update`);
  return json;
}

/**
 * Object.entries as a generator. With 50,000 rows, the array of Object.entries would block the event loop for
 * 50 ms.
 */
function* entries(json: unknown, what: string): Generator<[string, unknown]> {
  const members = object(json, what);
  for (const key of Object.keys(members)) yield [key, members[key]];
}
