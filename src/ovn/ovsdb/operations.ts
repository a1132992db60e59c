import { encodeMap, encodeSet, encodeValue } from './codec.ts';
import { OvsdbError } from './errors.ts';
import type { ColumnType, DatabaseSchema } from './schema.ts';
import type { Atom, Uuid, Value } from './values.ts';

/** An operation of a transaction: JSON of RFC 7047 §5.2. */
export interface Operation {
  readonly op: string;
  readonly [member: string]: unknown;
}

/** The columns of a row and their values. */
export type Columns = Readonly<Record<string, Value>>;

/** A condition (RFC 7047 §5.1). */
export interface Condition {
  readonly column: string;
  readonly function: '==' | '!=' | 'includes' | 'excludes';
  readonly value: Value;
}

/** The rows of an operation: one row by its UUID, or all rows for which every condition holds. */
export type Target = Uuid | readonly Condition[];

/** Makes the condition that a set or map column contains all elements of `value`. */
export function includes(column: string, value: Value): Condition {
  return { column, function: 'includes', value };
}

/** The type of the column `_uuid`, which a schema does not list. */
export const uuidType: ColumnType = {
  kind: 'atom',
  key: 'uuid',
  value: undefined,
  min: 1,
  max: 1,
};

/**
 * Makes operations from values in memory. Every method throws OvsdbError SCHEMA_MISMATCH if the schema lacks
 * a column, or if a value does not have the type of its column.
 */
export class OperationBuilder {
  readonly #schema: DatabaseSchema;

  /** @param schema the schema of the server that executes the operations (`client.schema`) */
  constructor(schema: DatabaseSchema) {
    this.#schema = schema;
  }

  /**
   * Inserts a row with a UUID that the client chooses (OVS 2.13). A second insert fails with DUPLICATE_UUID,
   * so a retry is harmless. Columns that are not in `row` get their defaults.
   */
  insert(table: string, uuid: Uuid, row: Columns): Operation {
    return { op: 'insert', table, uuid, row: this.#row(table, row) };
  }

  /** Replaces whole columns. Use mutations for sets and maps that other clients change too. */
  update(table: string, target: Target, row: Columns): Operation {
    return { op: 'update', table, where: this.#where(table, target), row: this.#row(table, row) };
  }

  /** Deletes rows. It is not an error if no row matches. */
  deleteRow(table: string, target: Target): Operation {
    return { op: 'delete', table, where: this.#where(table, target) };
  }

  /**
   * Adds or removes elements of a set. Elements that are already present, or already missing, are not an
   * error.
   */
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
   * Sets entries of a map and removes keys. Other entries stay. The mutation `insert` never overwrites an
   * entry, so the operation first deletes the keys to set.
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
   * Fails the transaction with TIMED_OUT unless the `columns` of the target rows are equal (`==`) or not
   * equal (`!=`) to `rows`. The timeout is 0, so the server never waits.
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

  /** Fails the transaction unless at least one row matches (see {@link wait}). */
  waitForMatch(table: string, target: Target): Operation {
    return this.wait(table, target, { columns: ['_uuid'], until: '!=', rows: [] });
  }

  /** Fails the transaction if a row matches (see {@link wait}). */
  waitForNone(table: string, target: Target): Operation {
    return this.wait(table, target, { columns: ['_uuid'], until: '==', rows: [] });
  }

  /** Reads rows in the transaction; `transact` decodes them. Prefer the replica. */
  select(table: string, target: Target, columns: readonly string[]): Operation {
    return { op: 'select', table, where: this.#where(table, target), columns };
  }

  /** Adds a text to the log of the database (`ovsdb-tool show-log`). */
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
      `the schema of ${this.#schema.name} on the server has no column ${table}.${column}`,
    );
  }
}
