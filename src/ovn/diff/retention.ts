import type { Owner } from '../model/marks.ts';
import type { Row, Uuid } from '../ovsdb/index.ts';
import type { OwnedRef, Referrer } from './ownership.ts';

/**
 * Which port groups stay when their owner does not want them any more. Without the group, its members would lose the
 * ACLs of the group, and a match that names its addresses would be invalid.
 *
 * - `filters`: a group with members stays, with all its ACLs. This is for groups that restrict their members.
 * - `names`: a group whose addresses a match of another owner names stays, without ACLs. This is for groups that allow
 *   traffic.
 */
export type Retention = 'filters' | 'names';

/** The part of the view of a difference that decides about retention. */
interface Sources {
  get(table: string, uuid: Uuid): Row | undefined;
  ownerOf(uuid: Uuid): Owner | undefined;
  referrersOf(element: Uuid): readonly Referrer[];
  /** Returns the rows whose match names the addresses of the port group with this name. */
  rowsNaming(group: string): Iterable<Uuid>;
}

/** Whether a row of the owner with this UID stays although the owner does not want the row. O(1) for a group. */
export function isRetained(
  uid: string,
  { table, uuid }: OwnedRef,
  retention: Retention,
  view: Sources,
): boolean {
  if (table === 'Port_Group') return !usersOf(uid, uuid, retention, view).next().done;
  if (table !== 'ACL' || retention !== 'filters') return false;
  return view
    .referrersOf(uuid)
    .some(
      (place) =>
        place.table === 'Port_Group' &&
        view.ownerOf(place.row)?.uid === uid &&
        isRetained(uid, { table: place.table, uuid: place.row }, retention, view),
    );
}

/** Yields the rows because of which a port group of the owner with this UID stays. */
export function* usersOf(
  uid: string,
  group: Uuid,
  retention: Retention,
  view: Sources,
): Generator<Uuid, undefined> {
  const row = view.get('Port_Group', group);
  if (row === undefined) return;
  const users =
    retention === 'filters' ? (row['ports'] as ReadonlySet<Uuid>) : view.rowsNaming(row['name'] as string);
  for (const user of users) if (view.ownerOf(user)?.uid !== uid) yield user;
}
