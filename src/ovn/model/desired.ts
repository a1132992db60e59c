import type { Uuid, Value } from '../ovsdb/index.ts';
import type { Retention } from '../diff/retention.ts';
import type { NbColumns, SharedColumn } from './row-types.ts';
import { nbTables } from './tables.ts';
import type { ColumnSpec, NbTable } from './tables.ts';

/**
 * A row that a plan requires, without its marks: the applier adds the marks. A managed column that is not in
 * `columns` gets its default. `external_ids` may contain only keys that begin with `overlay-network/`, for
 * example for a readable name.
 */
export interface DesiredRow {
  readonly table: string;
  readonly uuid: Uuid;
  readonly columns: Readonly<Record<string, Value>>;
}

/**
 * The set `row.column` contains `element`. The owner owns `element`; any owner of this cluster may own `row`.
 */
export interface Membership {
  readonly table: string;
  readonly row: Uuid;
  readonly column: string;
  readonly element: Uuid;
}

/** All rows and memberships that an object requires in the Northbound database. */
export interface DesiredState {
  readonly rows: readonly DesiredRow[];
  readonly memberships: readonly Membership[];
  /** Which other port groups of the owner stay while rows of other owners need them; undefined: none. */
  readonly retention?: Retention;
}

/**
 * The desired state of an object that requires no rows. Applying this state removes all rows of the object.
 */
export const nothing: DesiredState = { rows: [], memberships: [] };

/** Returns the rows and memberships of several states. */
export function combined(...states: readonly DesiredState[]): DesiredState {
  return {
    rows: states.flatMap(({ rows }) => rows),
    memberships: states.flatMap(({ memberships }) => memberships),
  };
}

/**
 * Makes a desired row from plain values: arrays for sets, objects for maps, undefined for an unset optional
 * column. The compiler checks the columns and their types. The database checks ranges and lengths.
 */
export function row<T extends NbTable>(table: T, uuid: Uuid, columns: NbColumns<T>): DesiredRow {
  const specs: Readonly<Record<string, ColumnSpec>> = nbTables[table].columns;
  const values: Record<string, Value> = {};
  for (const [name, input] of Object.entries(columns as Readonly<Record<string, unknown>>)) {
    const spec = specs[name];
    if (input === undefined || spec === undefined) continue;
    values[name] = toValue(spec, input);
  }
  return { table, uuid, columns: values };
}

function toValue(spec: ColumnSpec, input: unknown): Value {
  if (spec.kind === 'map') return new Map(Object.entries(input as Readonly<Record<string, string | number>>));
  if (spec.kind === 'set') return new Set(input as readonly (string | number | boolean)[]);
  if (spec.kind === 'optional') return new Set([input as string | number | boolean]);
  return input as Value;
}

/**
 * Makes the membership of `element` in the set `row.column`. The compiler checks that the column is shared.
 */
export function member<T extends NbTable>(
  table: T,
  row: Uuid,
  column: SharedColumn<T>,
  element: Uuid,
): Membership {
  return { table, row, column, element };
}
