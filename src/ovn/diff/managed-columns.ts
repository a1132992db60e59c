import type { ColumnSpec, TableSpec } from '../model/tables.ts';

const managedCache = new Map<string, readonly (readonly [string, ColumnSpec])[]>();

/** Returns the columns that a plan controls, except `external_ids`. */
export function managedColumns(table: string, spec: TableSpec): readonly (readonly [string, ColumnSpec])[] {
  let columns = managedCache.get(table);
  if (columns === undefined) {
    columns = Object.entries(spec.columns).filter(
      ([name, column]) => !column.shared && name !== 'external_ids',
    );
    managedCache.set(table, columns);
  }
  return columns;
}
