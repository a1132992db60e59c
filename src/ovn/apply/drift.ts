import type { Batch } from './batch.ts';
import { MARK_PREFIX } from '../model/marks.ts';
import type { Owner } from '../model/marks.ts';
import { elements, sharedDeltas } from '../diff/ownership.ts';
import type { OwnershipIndex } from '../diff/ownership.ts';
import { sharedColumns, tableSpec } from '../model/tables.ts';
import { holds } from '../model/values.ts';
import type { Atom, Row, RowChange, Uuid, Value } from '../ovsdb/index.ts';

/**
 * The owners to whom the changes did something that the batch in flight did not ask for.
 *
 * The test is by content, not by who sent it: the server may tell several transactions in one update, and an update
 * of our own may come after its connection was lost. So a change counts as ours when it is exactly what the batch
 * wants, and a false alarm costs one comparison. The index must already know what is new and not yet have forgotten
 * what is gone (`learn` before, `forget` after).
 */
export function drifted(
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
    // Sets in rows of others hold what others decide.
    if (index.ownerOf(change.row._uuid) === undefined) continue;
    if (change.type === 'modify') modified(change, inFlight, report);
    else cameOrWent(change, inFlight, report);
  }
  return owners;
}

function cameOrWent(
  { type, table, row }: RowChange,
  inFlight: Batch | undefined,
  report: (uuid: Uuid) => void,
): void {
  const uuid = row._uuid;
  const came = type === 'insert';
  if (!(came ? insertedAsWanted(table, row, inFlight) : inFlight?.deletes.has(uuid))) report(uuid);
  for (const column of sharedColumns(table)) {
    for (const element of elements(row, column)) {
      if (!(came ? inFlight?.joining(uuid, column, element) : left(inFlight, uuid, column, element)))
        report(element);
    }
  }
}

function insertedAsWanted(table: string, row: Row, inFlight: Batch | undefined): boolean {
  const wanted = inFlight?.inserts.get(row._uuid);
  const spec = tableSpec(table);
  if (wanted === undefined || spec === undefined) return false;
  for (const [column, columnSpec] of Object.entries(spec.columns)) {
    if (columnSpec.shared || columnSpec.volatile) continue;
    const have = row[column];
    const want = column === 'external_ids' ? wanted.marks : wanted.columns[column];
    if (have !== undefined && !holds(columnSpec, want, have)) return false;
  }
  return true;
}

/** An element leaves a set by a mutation, or because its own row is deleted. */
function left(inFlight: Batch | undefined, row: Uuid, column: string, element: Uuid): boolean {
  return inFlight !== undefined && (inFlight.leaving(row, column, element) || inFlight.deletes.has(element));
}

function modified(
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
      if (!left(inFlight, uuid, column, element as Uuid)) report(element as Uuid);
  }
  const columns = tableSpec(table)?.columns ?? {};
  const update = inFlight?.updates.get(uuid);
  for (const [column, delta] of changed) {
    const spec = columns[column];
    if (spec === undefined || spec.shared || spec.volatile) continue;
    const have = row[column];
    const asWanted =
      column === 'external_ids'
        ? sameMarks('old' in delta ? delta.old : undefined, have) ||
          (update?.marks !== undefined && sameMarks(update.marks, have))
        : have !== undefined &&
          update?.columns[column] !== undefined &&
          holds(spec, update.columns[column], have);
    if (!asWanted) report(uuid);
  }
}

/** Whether two `external_ids` agree on every key of ours. */
function sameMarks(a: Value | undefined, b: Value | undefined): boolean {
  const left = ourKeys(a);
  const right = ourKeys(b);
  return (
    left.length === right.length &&
    left.every(([key, value]) => (b as ReadonlyMap<Atom, Atom>).get(key) === value)
  );
}

function ourKeys(value: Value | undefined): (readonly [Atom, Atom])[] {
  if (!(value instanceof Map)) return [];
  return [...(value as ReadonlyMap<Atom, Atom>)].filter(([key]) => String(key).startsWith(MARK_PREFIX));
}
