import {
  member,
  textAt,
  UID_MARK,
  type DesiredState,
  type Membership,
  type Row,
  type RowWriter,
} from '../../ovn/index.ts';
import { priority } from './acl.ts';
import { dropGroupUuid, isolationGroupUuid } from './names.ts';

type Rows = Pick<RowWriter, 'get'>;

/** A group that restricts its members, as OVN contains it. */
export interface Filter {
  readonly kind: 'drop' | 'isolation';
  /** UID of the object that owns the group. */
  readonly uid: string;
}

/**
 * Returns the drop groups and isolation groups among the memberships of a state. The result does not contain a group
 * that lacks its drop in one of the directions, because it restricts nothing there.
 */
export function filtersIn(writer: Rows, { memberships }: DesiredState): readonly Filter[] {
  return memberships.flatMap(({ table, row: uuid, column }): readonly Filter[] => {
    const group = table === 'Port_Group' && column === 'ports' ? writer.get(table, uuid) : undefined;
    const uid = group && textAt(group['external_ids'], UID_MARK);
    if (group === undefined || uid === undefined) return [];
    if (uuid === dropGroupUuid(uid) && drops(writer, group, priority.drop)) return [{ kind: 'drop', uid }];
    if (uuid === isolationGroupUuid(uid) && drops(writer, group, priority.isolationDrop))
      return [{ kind: 'isolation', uid }];
    return [];
  });
}

function drops(writer: Rows, { acls }: Row, at: number): boolean {
  const rows = [...((acls ?? []) as Iterable<string>)].map((uuid) => writer.get('ACL', uuid));
  return (['from-lport', 'to-lport'] as const).every((direction) =>
    rows.some(
      (acl) => acl?.['direction'] === direction && acl['action'] === 'drop' && acl['priority'] === at,
    ),
  );
}

/**
 * Returns the present rows of an object with the rows `filters`, which restrict its Ports. An object with an error so
 * repairs them. Undefined without rows.
 */
export function keepFilters(
  writer: Pick<RowWriter, 'present'>,
  uid: string,
  filters: DesiredState,
): { readonly desired: DesiredState } | undefined {
  const present = writer.present(uid);
  if (present.rows.length === 0) return undefined;
  const wanted = new Map(filters.rows.map((row) => [row.uuid, row]));
  const known = new Set(present.rows.map(({ uuid }) => uuid));
  const places = new Set(present.memberships.map(placeOf));
  return {
    desired: {
      rows: [
        ...present.rows.map((row) => wanted.get(row.uuid) ?? row),
        ...filters.rows.filter(({ uuid }) => !known.has(uuid)),
      ],
      memberships: [
        ...present.memberships,
        ...filters.memberships.filter((membership) => !places.has(placeOf(membership))),
      ],
    },
  };
}

const placeOf = ({ row, column, element }: Membership): string => `${row}/${column}/${element}`;

/** Returns the state with the memberships of `port` in these groups. Omits groups that OVN does not contain. */
export function withGroups(
  writer: Rows,
  { rows, memberships }: DesiredState,
  port: string,
  groups: readonly string[],
): DesiredState {
  const known = new Set(memberships.map(({ row }) => row));
  const joined = groups.filter(
    (group) =>
      !known.has(group) && textAt(writer.get('Port_Group', group)?.['external_ids'], UID_MARK) !== undefined,
  );
  return {
    rows,
    memberships: [...memberships, ...joined.map((group) => member('Port_Group', group, 'ports', port))],
  };
}
