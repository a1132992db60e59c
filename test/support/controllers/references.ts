/** The references of an owner's rows to other rows, as in the Northbound database. */
import type { DesiredRow, DesiredState } from '../../../src/ovn/index.ts';
import { heldBy, isStrong } from '../../../src/ovn/diff/strong-references.ts';
import { tableSpec } from '../../../src/ovn/model/tables.ts';

/** Identifies a row. */
export const rowKey = (table: string, uuid: string): string => `${table}/${uuid}`;

/** Yields the rows that a state needs: the rows that its rows join, and those that a column names. */
export function* referencesOf({ rows, memberships }: DesiredState): Iterable<string> {
  for (const { table, row } of memberships) yield rowKey(table, row);
  for (const { table, columns } of rows) {
    for (const [column, value] of Object.entries(columns)) {
      const target = tableSpec(table)?.columns[column]?.refTable;
      if (target === undefined) continue;
      for (const uuid of value instanceof Set ? (value as ReadonlySet<string>) : [value as string])
        yield rowKey(target, uuid);
    }
  }
}

/**
 * Returns what the database keeps of a state when it no longer contains the `missing` rows: no reference to them, and
 * no row that only they held.
 */
export function withoutReferences(state: DesiredState, missing: ReadonlySet<string>): DesiredState {
  const memberships = state.memberships.filter(({ table, row }) => !missing.has(rowKey(table, row)));
  const rows = state.rows.map((row) => withoutColumns(row, missing));
  const held = heldBy(rows);
  const joined = new Set(memberships.filter(isStrong).map(({ element }) => element));
  const lost = rows.filter(
    ({ table, uuid }) =>
      tableSpec(table)?.root === false && !joined.has(uuid) && !held.has(rowKey(table, uuid)),
  );
  const kept = { rows: rows.filter((row) => !lost.includes(row)), memberships };
  const gone = new Set(lost.map(({ uuid }) => uuid));
  const next = { ...kept, memberships: memberships.filter(({ element }) => !gone.has(element)) };
  return lost.length === 0
    ? next
    : withoutReferences(next, new Set(lost.map(({ table, uuid }) => rowKey(table, uuid))));
}

function withoutColumns(row: DesiredRow, missing: ReadonlySet<string>): DesiredRow {
  const columns = Object.entries(row.columns).filter(([column, value]) => {
    const target = tableSpec(row.table)?.columns[column]?.refTable;
    if (target === undefined) return true;
    const uuids = value instanceof Set ? [...(value as ReadonlySet<string>)] : [value as string];
    return !uuids.some((uuid) => missing.has(rowKey(target, uuid)));
  });
  return { ...row, columns: Object.fromEntries(columns) };
}
