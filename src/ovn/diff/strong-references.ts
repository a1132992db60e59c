import type { DesiredRow } from '../model/desired.ts';
import { tableSpec } from '../model/tables.ts';
import type { Uuid } from '../ovsdb/index.ts';

/** Whether the column holds strong references: the database rejects the deletion of a row that the column names. */
export function isStrong({ table, column }: { readonly table: string; readonly column: string }): boolean {
  return tableSpec(table)?.columns[column]?.ref === 'strong';
}

/** Returns the tables and UUIDs of the rows that the columns of these rows hold, as `TABLE/UUID`. */
export function heldBy(rows: Iterable<DesiredRow>): ReadonlySet<string> {
  const held = new Set<string>();
  for (const { table, columns } of rows) {
    for (const [column, value] of Object.entries(columns)) {
      if (!(value instanceof Set) || !isStrong({ table, column })) continue;
      const target = tableSpec(table)?.columns[column]?.refTable;
      for (const uuid of value as ReadonlySet<Uuid>) held.add(`${target}/${uuid}`);
    }
  }
  return held;
}
