/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-return -- the wire is untyped */
import { tableSpec } from '../../../src/ovn/model/tables.ts';
import type { ColumnSpec } from '../../../src/ovn/model/tables.ts';
import type { Database } from '../../../src/ovn/apply/fence.ts';
import { OvsdbError } from '../../../src/ovn/ovsdb/index.ts';
import type {
  Atom,
  ColumnChange,
  Operation,
  Replica,
  RowChange,
  Uuid,
  Value,
} from '../../../src/ovn/ovsdb/index.ts';

type MutableRow = { _uuid: Uuid } & Record<string, Value>;
type Json = any;
type State = Map<string, Map<Uuid, MutableRow>>;

const globalSpec = {
  external_ids: { kind: 'map', of: 'string' },
  options: { kind: 'map', of: 'string' },
} as const;

/**
 * A Northbound database in memory. It enforces the rules of ovsdb-server: duplicate UUIDs, unique names,
 * strong and weak references, deletion of unreferenced rows, and `wait`. As in ovsdb-server, a mutation that
 * matches no row is no error.
 */
export class FakeDatabase implements Database {
  connected = true;
  generation = 1;
  /** The transactions that `transact` received, in order. */
  readonly transactions: (readonly Operation[])[] = [];
  /** Called before each transaction. It may wait, or throw to lose the request. */
  before: (operations: readonly Operation[]) => unknown = () => undefined;
  /** Called after each commit. It may throw to lose the reply. */
  after: (operations: readonly Operation[]) => unknown = () => undefined;
  /** Columns (`Table.column`) that the simulated schema does not have. */
  readonly lacking = new Set<string>();
  #state: State = new Map();
  readonly #listeners = new Set<(changes: readonly RowChange[]) => void>();
  readonly #stateListeners = new Set<(state: 'connected' | 'disconnected') => void>();

  readonly replica: Replica = {
    get: (table: string, uuid: Uuid) => this.#state.get(table)?.get(uuid),
    rows: (table: string) => this.#state.get(table)?.values() ?? [],
    count: (table: string) => this.#state.get(table)?.size ?? 0,
    hasColumn: (table: string, column: string) =>
      specOf(table)[column] !== undefined && !this.lacking.has(`${table}.${column}`),
    subscribe: (listener: (changes: readonly RowChange[]) => void) => {
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    },
  };

  onState(listener: (state: 'connected' | 'disconnected') => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  setConnected(connected: boolean): void {
    this.connected = connected;
    for (const listener of this.#stateListeners) listener(connected ? 'connected' : 'disconnected');
  }

  async transact(operations: readonly Operation[]): Promise<unknown> {
    if (!this.connected) throw new OvsdbError('NOT_CONNECTED', 'not connected');
    const wire = JSON.parse(JSON.stringify(operations)) as Operation[];
    this.transactions.push(wire);
    await this.before(wire);
    if (!this.isConnected()) throw new OvsdbError('CONNECTION_LOST', 'lost before it arrived');
    this.elsewhere(...wire);
    await this.after(wire);
    return [];
  }

  private isConnected(): boolean {
    return this.connected;
  }

  /** Executes a transaction of another client at once. `transactions` does not include it. */
  elsewhere(...operations: readonly Operation[]): void {
    this.replace((state) => operations.forEach((operation, index) => execute(state, operation, index)));
  }

  /** Replaces the content, as a restart with another file does. */
  replace(change: (state: State) => void): void {
    const next: State = new Map(
      [...this.#state].map(([table, rows]) => [
        table,
        new Map([...rows].map(([uuid, row]) => [uuid, copyRow(row)])),
      ]),
    );
    change(next);
    settle(next);
    const changes = adopt(this.#state, next, this.lacking);
    if (changes.length > 0) for (const listener of this.#listeners) listener(changes);
  }

  /** Returns the content in a form that tests can compare. */
  dump(which: (table: string, row: MutableRow) => boolean = () => true): Record<string, unknown> {
    const rows = [...this.#state].flatMap(([table, byUuid]) =>
      [...byUuid.values()]
        .filter((row) => which(table, row))
        .map((row) => [`${table}/${row._uuid}`, plain(row)] as const),
    );
    return Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function specOf(table: string): Readonly<Record<string, ColumnSpec>> {
  return table === 'NB_Global' ? globalSpec : (tableSpec(table)?.columns ?? {});
}

function copyRow(row: MutableRow): MutableRow {
  const copy = { ...row };
  for (const [column, value] of Object.entries(copy)) copy[column] = copyValue(value);
  return copy;
}

function copyValue(value: Value): Value {
  if (value instanceof Set) return new Set(value);
  return value instanceof Map ? new Map(value) : value;
}

function plain(row: MutableRow): unknown {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      value instanceof Set
        ? [...value].sort()
        : value instanceof Map
          ? [...value].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
          : value,
    ]),
  );
}

function execute(state: State, operation: Json, index: number): void {
  const fail = (code: 'CONSTRAINT_VIOLATION' | 'DUPLICATE_UUID' | 'TIMED_OUT', what: string): never => {
    throw new OvsdbError(code, what, { operationIndex: index });
  };
  const { op, table } = operation;
  const spec = specOf(table);
  let rows = state.get(table);
  if (rows === undefined) state.set(table, (rows = new Map()));
  if (op === 'insert') {
    const uuid: Uuid = operation.uuid;
    if (rows.has(uuid)) fail('DUPLICATE_UUID', 'duplicate uuid');
    const row: MutableRow = { _uuid: uuid };
    for (const [column, columnSpec] of Object.entries(spec))
      row[column] = decode(columnSpec, operation.row[column]);
    if (Number(row['priority'] ?? 0) > 32767) fail('CONSTRAINT_VIOLATION', 'priority out of range');
    rows.set(uuid, row);
    return;
  }
  const matching = [...rows.values()].filter((row) =>
    operation.where.every((one: Json) => matches(row, one)),
  );
  if (op === 'update') {
    for (const row of matching) {
      for (const [column, value] of Object.entries(operation.row)) row[column] = decode(spec[column]!, value);
    }
  } else if (op === 'mutate') {
    for (const row of matching) for (const mutation of operation.mutations) mutate(row, mutation);
  } else if (op === 'delete') {
    for (const row of matching) rows.delete(row._uuid);
  } else if (op === 'wait') {
    const wanted = operation.rows.map((row: Json) =>
      operation.columns.map((name: string) =>
        name === '_uuid' ? row._uuid[1] : decode(spec[name]!, row[name]),
      ),
    );
    const shown = matching.map((row) => operation.columns.map((name: string) => row[name]));
    if (comparable(shown) !== comparable(wanted)) fail('TIMED_OUT', 'timed out');
  }
}

function comparable(rows: readonly (readonly Value[])[]): string {
  return JSON.stringify(rows.map((row) => row.map((it) => plain({ _uuid: '', it }))));
}

function matches(row: MutableRow, [column, , value]: Json): boolean {
  if (column === '_uuid') return row._uuid === value[1];
  const map = row[column] as ReadonlyMap<Atom, Atom>;
  return value[1].every(([key, entry]: [Atom, Atom]) => map.get(key) === entry);
}

function mutate(row: MutableRow, [column, mutator, value]: Json): void {
  const have = row[column];
  const atoms: Json[] = value[1];
  if (new Set(atoms.map((atom) => JSON.stringify(atom))).size !== atoms.length)
    throw new Error('duplicates in a set');
  if (have instanceof Map) {
    if (mutator === 'delete') for (const key of atoms) have.delete(key);
    else for (const [key, entry] of atoms) if (!have.has(key)) have.set(key, entry);
  } else if (have instanceof Set) {
    for (const atom of atoms) {
      if (mutator === 'delete') have.delete(atom[1]);
      else have.add(atom[1]);
    }
  }
}

function decode(spec: ColumnSpec, wire: Json): Value {
  const atom = (value: Json): Atom => (Array.isArray(value) ? value[1] : value);
  if (wire === undefined) return defaultOf(spec);
  if (spec.kind === 'map') return new Map(wire[1].map(([key, value]: [Json, Json]) => [key, atom(value)]));
  if (spec.kind === 'set' || spec.kind === 'optional') {
    return new Set(Array.isArray(wire) && wire[0] === 'set' ? wire[1].map(atom) : [atom(wire)]);
  }
  return atom(wire);
}

function defaultOf(spec: ColumnSpec): Value {
  if (spec.kind === 'map') return new Map();
  if (spec.kind === 'set' || spec.kind === 'optional') return new Set();
  return { string: '', integer: 0, boolean: false }[spec.kind];
}

/** Does the checks of ovsdb-server at commit: weak and strong references, unreferenced rows, unique names. */
function settle(state: State): void {
  const exists = (table: string, uuid: unknown): boolean => state.get(table)?.has(uuid as Uuid) ?? false;
  for (;;) {
    const held = new Set<unknown>();
    for (const [table, rows] of state) {
      for (const row of rows.values()) {
        for (const [column, spec] of Object.entries(specOf(table))) {
          if (spec.refTable === undefined) continue;
          const set = row[column] as Set<Atom>;
          for (const uuid of [...set]) {
            if (spec.ref === 'strong') held.add(uuid);
            else if (!exists(spec.refTable, uuid)) set.delete(uuid);
          }
        }
      }
    }
    let vanished = 0;
    for (const [table, rows] of state) {
      if (tableSpec(table)?.root !== false) continue;
      for (const uuid of [...rows.keys()]) if (!held.has(uuid)) vanished += Number(rows.delete(uuid));
    }
    if (vanished === 0) break;
  }
  for (const [table, rows] of state) {
    const names = new Set<Value>();
    for (const row of rows.values()) {
      for (const [column, spec] of Object.entries(specOf(table))) {
        if (spec.ref !== 'strong' || spec.refTable === undefined) continue;
        for (const uuid of row[column] as Set<Atom>) {
          if (!exists(spec.refTable, uuid))
            throw new OvsdbError('REFERENTIAL_INTEGRITY', `${table}.${column} ${String(uuid)}`);
        }
      }
      if (!['Logical_Switch_Port', 'Logical_Router_Port', 'Port_Group'].includes(table)) continue;
      if (names.has(row['name']!))
        throw new OvsdbError('CONSTRAINT_VIOLATION', `two rows have the name of ${row._uuid}`);
      names.add(row['name']!);
    }
  }
  if ((state.get('NB_Global')?.size ?? 0) > 1)
    throw new OvsdbError('CONSTRAINT_VIOLATION', 'NB_Global has one row');
}

/** Changes `current` to `next` with the same row objects, and returns the changes. */
function adopt(current: State, next: State, lacking: ReadonlySet<string>): RowChange[] {
  const changes: RowChange[] = [];
  for (const [table, rows] of next) {
    let have = current.get(table);
    if (have === undefined) current.set(table, (have = new Map()));
    for (const column of Object.keys(specOf(table))) {
      if (lacking.has(`${table}.${column}`))
        for (const row of rows.values()) Reflect.deleteProperty(row, column);
    }
    for (const [uuid, row] of rows) {
      const known = have.get(uuid);
      if (known === undefined) {
        have.set(uuid, row);
        changes.push({ type: 'insert', table, row });
        continue;
      }
      const changed = new Map<string, ColumnChange>();
      for (const [column, value] of Object.entries(row)) {
        const change = difference(known[column]!, value);
        if (change === undefined) continue;
        changed.set(column, change);
        known[column] = value;
      }
      if (changed.size > 0) changes.push({ type: 'modify', table, row: known, changed });
    }
  }
  for (const [table, have] of current) {
    for (const [uuid, row] of [...have]) {
      if (next.get(table)?.has(uuid)) continue;
      have.delete(uuid);
      changes.push({ type: 'delete', table, row });
    }
  }
  return changes;
}

function difference(old: Value, value: Value): ColumnChange | undefined {
  if (old instanceof Set && value instanceof Set) {
    const added = [...value].filter((atom) => !old.has(atom));
    const removed = [...old].filter((atom) => !value.has(atom));
    return added.length + removed.length === 0 ? undefined : { added, removed };
  }
  const same =
    old instanceof Map && value instanceof Map
      ? JSON.stringify(plain({ _uuid: '', v: old })) === JSON.stringify(plain({ _uuid: '', v: value }))
      : old === value;
  return same ? undefined : { old };
}
