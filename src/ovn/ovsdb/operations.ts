import { encodeMap, encodeSet, encodeValue } from './codec.ts';
import { OvsdbError } from './errors.ts';
import type { ColumnType, DatabaseSchema } from './schema.ts';
import type { Atom, Uuid, Value } from './values.ts';

/** An operation of a transaction as the wire has it: plain JSON of RFC 7047 §5.2. */
export interface Operation {
  readonly op: string;
  readonly [member: string]: unknown;
}

/** Columns and their values, as rows are written. */
export type Columns = Readonly<Record<string, Value>>;

/** One condition of RFC 7047 §5.1. */
export interface Condition {
  readonly column: string;
  readonly function: '==' | '!=' | 'includes' | 'excludes';
  readonly value: Value;
}

/** The rows an operation is about: one by its uuid, or all for which every condition holds. */
export type Target = Uuid | readonly Condition[];

/** The condition that a set or map column holds at least what `value` has. */
export function includes(column: string, value: Value): Condition {
  return { column, function: 'includes', value };
}

/** The type of the column `_uuid`, which no schema lists. */
export const uuidType: ColumnType = {
  kind: 'atom',
  key: 'uuid',
  value: undefined,
  min: 1,
  max: 1,
  refTable: undefined,
};

/**
 * Makes operations out of values as they are in memory. Every method throws OvsdbError SCHEMA_MISMATCH when it is
 * given a column that the schema lacks, or a value that does not fit its column.
 */
export class OperationBuilder {
  readonly #schema: DatabaseSchema;

  /** @param schema that of the server that will take the operations (`client.schema`). */
  constructor(schema: DatabaseSchema) {
    this.#schema = schema;
  }

  /**
   * Inserts a row with a uuid chosen by the client (OVS 2.13). A second insert of it fails with DUPLICATE_UUID,
   * which makes a retry harmless. Columns left out get their defaults.
   */
  insert(table: string, uuid: Uuid, row: Columns): Operation {
    return { op: 'insert', table, uuid, row: this.#row(table, row) };
  }

  /** Replaces whole columns; sets and maps shared with others are to be mutated instead. */
  update(table: string, target: Target, row: Columns): Operation {
    return { op: 'update', table, where: this.#where(table, target), row: this.#row(table, row) };
  }

  /** Deletes rows; none matching is no error. */
  deleteRow(table: string, target: Target): Operation {
    return { op: 'delete', table, where: this.#where(table, target) };
  }

  /** Adds elements to a set, or takes them out. Those that are there already, or not there, are no error. */
  mutateSet(
    table: string,
    target: Target,
    column: string,
    mutator: 'insert' | 'delete',
    atoms: Iterable<Atom>,
  ): Operation {
    const value = encodeSet(this.#type(table, column), atoms);
    return { op: 'mutate', table, where: this.#where(table, target), mutations: [[column, mutator, value]] };
  }

  /**
   * Puts entries into a map and removes keys, leaving other entries alone. The protocol's `insert` never
   * overwrites a key, so the keys are deleted first, in the same operation.
   */
  mutateMap(
    table: string,
    target: Target,
    column: string,
    change: { readonly put?: ReadonlyMap<Atom, Atom>; readonly remove?: Iterable<Atom> },
  ): Operation {
    const type = this.#type(table, column);
    const put = change.put ?? new Map<Atom, Atom>();
    const mutations = [[column, 'delete', encodeSet(type, [...(change.remove ?? []), ...put.keys()])]];
    if (put.size > 0) mutations.push([column, 'insert', encodeMap(type, put)]);
    return { op: 'mutate', table, where: this.#where(table, target), mutations };
  }

  /**
   * Fails the transaction with TIMED_OUT, at once, unless the target's rows, seen through `columns`, are (`==`) or
   * are not (`!=`) exactly `rows`. Nothing waits: the time-out is 0.
   */
  wait(
    table: string,
    target: Target,
    expectation: {
      readonly columns: readonly string[];
      readonly until: '==' | '!=';
      readonly rows: readonly Columns[];
    },
  ): Operation {
    const { columns, until, rows } = expectation;
    const where = this.#where(table, target);
    return {
      op: 'wait',
      table,
      timeout: 0,
      where,
      columns,
      until,
      rows: rows.map((row) => this.#row(table, row)),
    };
  }

  /** {@link wait} for at least one row, e.g. a fence: a map still holds our epoch. */
  waitForMatch(table: string, target: Target): Operation {
    return this.wait(table, target, { columns: ['_uuid'], until: '!=', rows: [] });
  }

  /** {@link wait} for no row. */
  waitForNone(table: string, target: Target): Operation {
    return this.wait(table, target, { columns: ['_uuid'], until: '==', rows: [] });
  }

  /** Reads rows inside the transaction; `transact` decodes them. Prefer the replica. */
  select(table: string, target: Target, columns: readonly string[]): Operation {
    return { op: 'select', table, where: this.#where(table, target), columns };
  }

  /** Text for the database's log (`ovsdb-tool show-log`). */
  comment(text: string): Operation {
    return { op: 'comment', comment: text };
  }

  #where(table: string, target: Target): unknown[] {
    const conditions: readonly Condition[] =
      typeof target === 'string' ? [{ column: '_uuid', function: '==', value: target }] : target;
    return conditions.map((one) => [
      one.column,
      one.function,
      encodeValue(this.#type(table, one.column), one.value),
    ]);
  }

  #row(table: string, columns: Columns): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(columns).map(([column, value]) => [
        column,
        encodeValue(this.#type(table, column), value),
      ]),
    );
  }

  #type(table: string, column: string): ColumnType {
    const columns = this.#schema.tables.get(table)?.columns;
    const type = column === '_uuid' ? columns && uuidType : columns?.get(column);
    if (type) return type;
    throw new OvsdbError(
      'SCHEMA_MISMATCH',
      `the server's ${this.#schema.name} has no column ${table}.${column}`,
    );
  }
}
