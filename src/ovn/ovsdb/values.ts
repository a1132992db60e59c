/** A row's identity, lower case with dashes. */
export type Uuid = string;

/** One value of a column: integer and real are numbers, boolean is boolean, string and uuid are strings. */
export type Atom = string | number | boolean;

/**
 * A column's value in memory: a column of exactly one value is an Atom; any other set, optional columns too, is
 * a Set; a map is a Map. Integers beyond 2^53 lose precision (no OVN column holds such).
 */
export type Value = Atom | ReadonlySet<Atom> | ReadonlyMap<Atom, Atom>;

/**
 * A row of the replica. The object is updated in place, and so are its Sets: copy what must not change under
 * you. Columns are those that are monitored and that the server's schema has.
 */
export type Row = { readonly _uuid: Uuid } & Readonly<Record<string, Value>>;

/** The text under a key of a map column; undefined where there is none, and where the column is no map. */
export function textAt(column: Value | undefined, key: string): string | undefined {
  const text = column instanceof Map ? (column as ReadonlyMap<Atom, Atom>).get(key) : undefined;
  return typeof text === 'string' ? text : undefined;
}

/** How a Set column changed. */
export interface SetDelta {
  readonly added: readonly Atom[];
  readonly removed: readonly Atom[];
}

/** How one column changed: {@link SetDelta} for Set columns, the value before for Atom and Map columns. */
export type ColumnChange = { readonly old: Value } | SetDelta;

/** A change of the replica, told after it was made. `row` is the live row, for `delete` as it last was. */
export type RowChange =
  | { readonly type: 'insert'; readonly table: string; readonly row: Row }
  | { readonly type: 'delete'; readonly table: string; readonly row: Row }
  | {
      readonly type: 'modify';
      readonly table: string;
      readonly row: Row;
      readonly changed: ReadonlyMap<string, ColumnChange>;
    };

/** The uuid that stands for none; also the transaction id to ask with when nothing is known. */
export const zeroUuid: Uuid = '00000000-0000-0000-0000-000000000000';
