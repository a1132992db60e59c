import { nbTables } from './tables.ts';
import type { ColumnSpec, NbColumns, NbTable, SharedColumn } from './tables.ts';
import type { Uuid, Value } from '../ovsdb/index.ts';

/**
 * A row as a plan wants it, without the marks, which the applier adds. Managed columns that are left out have their
 * default. `external_ids` may add keys that begin with `overlay-network/` (a readable name, say), no others.
 */
export interface DesiredRow {
  readonly table: string;
  readonly uuid: Uuid;
  readonly columns: Readonly<Record<string, Value>>;
}

/** `row.column ∋ element`: the element is a row of this owner, the row may be anyone's of this cluster. */
export interface Membership {
  readonly table: string;
  readonly row: Uuid;
  readonly column: string;
  readonly element: Uuid;
}

/** All that an object wants of the Northbound database. */
export interface DesiredState {
  readonly rows: readonly DesiredRow[];
  readonly memberships: readonly Membership[];
}

/** An object that wants nothing: its rows go. */
export const nothing: DesiredState = { rows: [], memberships: [] };

/**
 * A desired row from plain shapes: arrays for sets, objects for maps, undefined for an optional that is unset.
 *
 * The compiler knows the table's columns; what it cannot know (ranges, lengths) the database checks.
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

/** The membership of `element` in `row.column`; the compiler knows which columns of which tables take one. */
export function member<T extends NbTable>(
  table: T,
  row: Uuid,
  column: SharedColumn<T>,
  element: Uuid,
): Membership {
  return { table, row, column, element };
}
