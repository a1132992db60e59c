import { printMatch, row, rowUuid, type DesiredRow, type Match } from '../../ovn/index.ts';

/** A rule of OVN's ACL table. `to-lport` is what reaches a machine, `from-lport` what leaves it (ovn-nb(5)). */
export interface Acl {
  readonly direction: 'to-lport' | 'from-lport';
  readonly priority: number;
  readonly match: Match;
  readonly action: 'allow' | 'allow-related' | 'allow-stateless' | 'drop';
}

/**
 * The ladder of priorities: the higher is looked at first, and OVN 23.03 has no tiers. What a machine needs before it
 * has an address (`infrastructure`) stands above what drops the rest of IP; isolation is above even that. What no group
 * may allow (`never`) stands above what groups allow.
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
 * The row of an ACL. Its identity is what it says: rules that move within a list change no row, and a rule that
 * changes is one row gone and one come, in one transaction.
 */
export function aclRow(ownerUid: string, acl: Acl): DesiredRow {
  const match = printMatch(acl.match);
  return row('ACL', rowUuid(ownerUid, `acl/${acl.direction}/${acl.priority}/${acl.action}/${match}`), {
    direction: acl.direction,
    priority: acl.priority,
    match,
    action: acl.action,
  });
}
