import type { OwnershipIndex } from '../diff/ownership.ts';
import { tableSpec } from '../model/tables.ts';
import type { ColumnListener } from '../writer.ts';
import type { RowChange, Value } from '../ovsdb/index.ts';

/** Who wants to hear of which columns of rows of ours, e.g. of `Logical_Switch_Port.up`, which northd writes. */
export class ColumnListeners {
  readonly #index: OwnershipIndex;
  readonly #byTable = new Map<string, Map<string, Set<ColumnListener>>>();

  constructor(index: OwnershipIndex) {
    this.#index = index;
  }

  /** @throws RangeError for a column that is not monitored: its listener would wait for ever. */
  add(table: string, column: string, listener: ColumnListener): () => void {
    if (tableSpec(table)?.columns[column] === undefined)
      throw new RangeError(`${table}.${column} is not monitored`);
    let byColumn = this.#byTable.get(table);
    if (byColumn === undefined) this.#byTable.set(table, (byColumn = new Map<string, Set<ColumnListener>>()));
    let listeners = byColumn.get(column);
    if (listeners === undefined) byColumn.set(column, (listeners = new Set()));
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Tells of columns that changed, and of those that a new row already has set. */
  tell(change: RowChange): void {
    const byColumn = this.#byTable.get(change.table);
    if (byColumn === undefined || change.type === 'delete') return;
    const owner = this.#index.ownerOf(change.row._uuid);
    if (owner === undefined) return;
    for (const [column, listeners] of byColumn) {
      const value = change.row[column];
      if (value === undefined || !(change.type === 'insert' ? isSet(value) : change.changed.has(column)))
        continue;
      for (const listener of listeners) listener(owner, change.row, value);
    }
  }
}

/** Whether a column holds more than nothing. */
function isSet(value: Value): boolean {
  return value instanceof Set || value instanceof Map ? value.size > 0 : value !== '';
}
