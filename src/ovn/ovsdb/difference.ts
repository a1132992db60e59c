import { decodeValue } from './codec.ts';
import type { ColumnType } from './schema.ts';
import type { Atom, ColumnChange, SetDelta, Value } from './values.ts';

/**
 * The change of one column of a row. The replica changes Set columns in place and assigns all other values.
 */
export type ColumnEdit =
  | { readonly column: string; readonly delta: SetDelta }
  | { readonly column: string; readonly old: Value; readonly value: Value };

/**
 * Returns the change from `old` to `value`; undefined if they are equal. Both must have the type of the
 * column.
 */
export function compareValues(column: string, old: Value, value: Value): ColumnEdit | undefined {
  if (old instanceof Set && value instanceof Set) {
    return deltaEdit(column, setDelta(old as ReadonlySet<Atom>, value as ReadonlySet<Atom>));
  }
  if (old instanceof Map && value instanceof Map) {
    return sameMap(old as ReadonlyMap<Atom, Atom>, value as ReadonlyMap<Atom, Atom>)
      ? undefined
      : { column, old, value };
  }
  return old === value ? undefined : { column, old, value };
}

/**
 * Reads the difference of one column in `update2` and `update3` (ovsdb-server(7) §4.1.14). The difference
 * replaces a column with at most one value. It toggles the elements of a larger set. In a larger map it
 * removes a pair that equals the old pair, and sets any other pair. Returns undefined if the value does not
 * change.
 *
 * @throws OvsdbError PROTOCOL_ERROR when the difference does not have the type of the column
 */
export function readDifference(
  type: ColumnType,
  column: string,
  old: Value,
  wire: unknown,
): ColumnEdit | undefined {
  const diff = decodeValue(type, wire);
  if (type.max === 1) return compareValues(column, old, diff);
  if (old instanceof Set && diff instanceof Set) {
    const added: Atom[] = [];
    const removed: Atom[] = [];
    for (const atom of diff as ReadonlySet<Atom>) (old.has(atom) ? removed : added).push(atom);
    return deltaEdit(column, { added, removed });
  }
  if (old instanceof Map && diff instanceof Map) {
    const value = new Map(old as ReadonlyMap<Atom, Atom>);
    for (const [key, item] of diff as ReadonlyMap<Atom, Atom>) {
      if (value.get(key) === item) value.delete(key);
      else value.set(key, item);
    }
    return { column, old, value };
  }
  return compareValues(column, old, diff);
}

/** Returns the change that subscribers receive. */
export function describeEdit(edit: ColumnEdit): ColumnChange {
  return 'delta' in edit ? edit.delta : { old: edit.old };
}

function deltaEdit(column: string, delta: SetDelta): ColumnEdit | undefined {
  return delta.added.length === 0 && delta.removed.length === 0 ? undefined : { column, delta };
}

function setDelta(old: ReadonlySet<Atom>, value: ReadonlySet<Atom>): SetDelta {
  const added: Atom[] = [];
  const removed: Atom[] = [];
  if (old === value) return { added, removed };
  for (const atom of value) if (!old.has(atom)) added.push(atom);
  // All other elements of `value` were in `old`. If the sizes match, no element was removed.
  if (old.size + added.length > value.size) for (const atom of old) if (!value.has(atom)) removed.push(atom);
  return { added, removed };
}

function sameMap(old: ReadonlyMap<Atom, Atom>, value: ReadonlyMap<Atom, Atom>): boolean {
  if (old.size !== value.size) return false;
  for (const [key, item] of value) if (old.get(key) !== item) return false;
  return true;
}
