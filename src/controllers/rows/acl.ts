import {
  member,
  printMatch,
  row,
  rowUuid,
  type DesiredRow,
  type DesiredState,
  type Match,
  type OvnSymbol,
} from '../../ovn/index.ts';

/** A row of the table ACL. `to-lport` is traffic to a VM, `from-lport` is traffic from a VM (ovn-nb(5)). */
export interface Acl {
  readonly direction: 'to-lport' | 'from-lport';
  readonly priority: number;
  readonly match: Match;
  readonly action: 'allow' | 'allow-related' | 'allow-stateless' | 'drop';
}

/**
 * The priorities of ACLs: OVN applies the ACL with the highest priority, and OVN 23.03 has no tiers. The traffic that
 * a VM needs before it has an address (`infrastructure`) is above the ACLs that drop the rest of IP. Isolation is
 * above even that traffic. Traffic that no group may allow (`never`) is above the traffic that groups allow.
 */
export const priority = {
  isolationDrop: 3002,
  policyInfrastructure: 3001,
  policyDrop: 3000,
  never: 2001,
  allow: 2000,
  infrastructure: 1001,
  drop: 1000,
} as const;

/**
 * Returns the row of an ACL. Without `role`, the UUID follows from the content: rules that move within a list change
 * no row, and a changed rule deletes one row and inserts another in one transaction. With a `role`, which is unique
 * among the ACLs of the owner, a changed match changes the row in place.
 */
export function aclRow(ownerUid: string, acl: Acl, role?: string): DesiredRow {
  const match = printMatch(acl.match);
  const name = role ?? `${acl.direction}/${acl.priority}/${acl.action}/${match}`;
  return row('ACL', rowUuid(ownerUid, `acl/${name}`), {
    direction: acl.direction,
    priority: acl.priority,
    match,
    action: acl.action,
  });
}

/** Returns ACLs with their memberships in a switch or a port group. */
export function aclsOn(
  table: 'Logical_Switch' | 'Port_Group',
  uuid: string,
  acls: readonly DesiredRow[],
): DesiredState {
  return { rows: acls, memberships: acls.map((acl) => member(table, uuid, 'acls', acl.uuid)) };
}

/** Returns a port group with its ACLs. */
export function groupWith(uuid: string, name: OvnSymbol, acls: readonly DesiredRow[]): DesiredState {
  const { rows, memberships } = aclsOn('Port_Group', uuid, acls);
  return { rows: [row('Port_Group', uuid, { name }), ...rows], memberships };
}
