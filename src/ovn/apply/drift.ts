import { elements, sharedDeltas } from '../diff/ownership.ts';
import type { OwnershipIndex } from '../diff/ownership.ts';
import { MARK_PREFIX } from '../model/marks.ts';
import type { Owner } from '../model/marks.ts';
import { sharedColumns, tableSpec } from '../model/tables.ts';
import { holds } from '../model/values.ts';
import type { Atom, Row, RowChange, Uuid, Value } from '../ovsdb/index.ts';
import type { Batch } from './batch.ts';

/**
 * Returns the owners whose rows or memberships changed, unless the batch in flight caused the change.
 *
 * The function compares the content of changes, because the sender is not known: one update of the server may
 * contain several transactions, and the update of a transaction may arrive after its connection was lost. A
 * change that is exactly what the batch writes is not drift. A false alarm costs only one comparison. The
 * index must contain the old and the new state: call `addNew` before and `removeOld` after this function.
 */
export function findDrift(
  changes: readonly RowChange[],
  index: OwnershipIndex,
  inFlight: Batch | undefined,
): Set<Owner> {
  const owners = new Set<Owner>();
  const report = (uuid: Uuid): void => {
    const owner = index.ownerOf(uuid);
    if (owner !== undefined) owners.add(owner);
  };
  for (const change of changes) {
    // Other clients decide about the sets in their rows.
    if (index.ownerOf(change.row._uuid) === undefined) continue;
    if (change.type === 'modify') checkModified(change, inFlight, report);
    else checkInsertedOrDeleted(change, inFlight, report);
  }
  return owners;
}

function checkInsertedOrDeleted(
  { type, table, row }: RowChange,
  inFlight: Batch | undefined,
  report: (uuid: Uuid) => void,
): void {
  const uuid = row._uuid;
  const isInsert = type === 'insert';
  if (!(isInsert ? isExpectedInsert(table, row, inFlight) : inFlight?.deletes.has(uuid))) report(uuid);
  for (const column of sharedColumns(table)) {
    for (const element of elements(row, column)) {
      if (
        !(isInsert
          ? inFlight?.joining(uuid, column, element)
          : isExpectedLeave(inFlight, uuid, column, element))
      )
        report(element);
    }
  }
}

function isExpectedInsert(table: string, row: Row, inFlight: Batch | undefined): boolean {
  const expected = inFlight?.inserts.get(row._uuid);
  const spec = tableSpec(table);
  if (expected === undefined || spec === undefined) return false;
  for (const [column, columnSpec] of Object.entries(spec.columns)) {
    if (columnSpec.shared) continue;
    const value = row[column];
    const expectedValue = column === 'external_ids' ? expected.marks : expected.columns[column];
    if (value !== undefined && !holds(columnSpec, expectedValue, value)) return false;
  }
  return true;
}

/** Returns whether the batch removes the element from the set, or deletes the row of the element. */
function isExpectedLeave(inFlight: Batch | undefined, row: Uuid, column: string, element: Uuid): boolean {
  return inFlight !== undefined && (inFlight.leaving(row, column, element) || inFlight.deletes.has(element));
}

function checkModified(
  change: RowChange & { type: 'modify' },
  inFlight: Batch | undefined,
  report: (uuid: Uuid) => void,
): void {
  const { table, row, changed } = change;
  const uuid = row._uuid;
  for (const [column, { added, removed }] of sharedDeltas(change)) {
    for (const element of added)
      if (!inFlight?.joining(uuid, column, element as Uuid)) report(element as Uuid);
    for (const element of removed)
      if (!isExpectedLeave(inFlight, uuid, column, element as Uuid)) report(element as Uuid);
  }
  const columns = tableSpec(table)?.columns ?? {};
  const update = inFlight?.updates.get(uuid);
  for (const [column, delta] of changed) {
    const spec = columns[column];
    if (spec === undefined || spec.shared) continue;
    const value = row[column];
    const isExpected =
      column === 'external_ids'
        ? sameMarks('old' in delta ? delta.old : undefined, value) ||
          (update?.marks !== undefined && sameMarks(update.marks, value))
        : value !== undefined &&
          update?.columns[column] !== undefined &&
          holds(spec, update.columns[column], value);
    if (!isExpected) report(uuid);
  }
}

/** Returns whether two values of `external_ids` have the same marks. */
function sameMarks(a: Value | undefined, b: Value | undefined): boolean {
  const before = marksIn(a);
  const after = marksIn(b);
  return (
    before.length === after.length &&
    before.every(([key, value]) => (b as ReadonlyMap<Atom, Atom>).get(key) === value)
  );
}

function marksIn(value: Value | undefined): (readonly [Atom, Atom])[] {
  if (!(value instanceof Map)) return [];
  return [...(value as ReadonlyMap<Atom, Atom>)].filter(([key]) => String(key).startsWith(MARK_PREFIX));
}
