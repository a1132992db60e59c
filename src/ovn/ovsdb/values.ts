/** The UUID of a row, in lower case with dashes. */
export type Uuid = string;

/** One value: a number for integer and real, a boolean, or a string for string and uuid. */
export type Atom = string | number | boolean;

/**
 * The value of a column in memory: an Atom for a column with exactly one value, a Map for a map, and a Set
 * for all other columns, including optional ones. Integers above 2^53 lose precision; no OVN column contains
 * such integers.
 */
export type Value = Atom | ReadonlySet<Atom> | ReadonlyMap<Atom, Atom>;

/**
 * A row of the replica. The replica updates the row and its Sets in place: copy a value that must not change.
 * The row has the replicated columns that the schema of the server contains.
 */
export type Row = { readonly _uuid: Uuid } & Readonly<Record<string, Value>>;

/** Returns the text of a key in a map column; undefined if the key is missing or the column is not a map. */
export function textAt(column: Value | undefined, key: string): string | undefined {
  const text = column instanceof Map ? (column as ReadonlyMap<Atom, Atom>).get(key) : undefined;
  return typeof text === 'string' ? text : undefined;
}

/** The change of a Set column. */
export interface SetDelta {
  readonly added: readonly Atom[];
  readonly removed: readonly Atom[];
}

/** The change of one column: {@link SetDelta} for Set columns, the old value for Atom and Map columns. */
export type ColumnChange = { readonly old: Value } | SetDelta;

/** A change that the replica has applied. `row` is the live row, or the last state of a deleted row. */
export type RowChange =
  | { readonly type: 'insert'; readonly table: string; readonly row: Row }
  | { readonly type: 'delete'; readonly table: string; readonly row: Row }
  | {
      readonly type: 'modify';
      readonly table: string;
      readonly row: Row;
      readonly changed: ReadonlyMap<string, ColumnChange>;
    };

/** The UUID that means "none". It is also the transaction id for a request without a known transaction. */
export const ZERO_UUID: Uuid = '00000000-0000-0000-0000-000000000000';
