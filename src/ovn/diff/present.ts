import type { DesiredRow, DesiredState, Membership } from '../model/desired.ts';
import { isOwnMark, MARK_PREFIX } from '../model/marks.ts';
import { tableSpec } from '../model/tables.ts';
import type { Atom, Row, Value } from '../ovsdb/index.ts';
import type { View } from './diff.ts';

/** Returns the state that the replica shows for an owner: the difference to this state is empty. */
export function presentState(uid: string, view: Pick<View, 'get' | 'rowsOf' | 'referrersOf'>): DesiredState {
  const refs = view.rowsOf(uid);
  return {
    rows: refs.flatMap(({ table, uuid }) => {
      const actual = view.get(table, uuid);
      return actual === undefined ? [] : [presentRow(table, actual)];
    }),
    memberships: presentMemberships(uid, view),
  };
}

/** Returns the memberships that the replica shows for an owner. */
export function presentMemberships(
  uid: string,
  view: Pick<View, 'rowsOf' | 'referrersOf'>,
): readonly Membership[] {
  return view
    .rowsOf(uid)
    .flatMap(({ uuid }) => view.referrersOf(uuid).map((place) => ({ ...place, element: uuid })));
}

function presentRow(table: string, actual: Row): DesiredRow {
  const columns: Record<string, Value> = {};
  for (const [name, spec] of Object.entries(tableSpec(table)?.columns ?? {})) {
    const value = actual[name];
    if (value === undefined || spec.shared) continue;
    columns[name] = name === 'external_ids' ? extraMarks(value) : copyOf(value);
  }
  return { table, uuid: actual._uuid, columns };
}

/** The replica changes its sets and maps in place. */
function copyOf(value: Value): Value {
  if (value instanceof Set) return new Set(value as ReadonlySet<Atom>);
  return value instanceof Map ? new Map(value as ReadonlyMap<Atom, Atom>) : value;
}

/** Returns the marks that a plan sets, without those that the applier adds to every row. */
function extraMarks(value: Value): Value {
  if (!(value instanceof Map)) return value;
  return new Map(
    [...(value as ReadonlyMap<string, string>)].filter(
      ([key]) => key.startsWith(MARK_PREFIX) && !isOwnMark(key),
    ),
  );
}
