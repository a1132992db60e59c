import {
  member,
  printMatch,
  row,
  rowUuid,
  type DesiredRow,
  type DesiredState,
  type Match,
} from '../../ovn/index.ts';
import { routerUuid } from './names.ts';

/**
 * The priorities of routing policies on the router of a VPC: OVN applies the policy with the highest priority
 * (ovn-nb(5), Logical_Router_Policy). A policy that allows a packet ends the evaluation. So drops for all ports are
 * above the policies that allow packets from one port.
 */
export const policyPriority = {
  onLink: 3000,
  entering: 2501,
  enteringOther: 2500,
  leavingOther: 2400,
  peering: 2000,
  allowedSource: 1001,
  otherSource: 1000,
} as const;

/**
 * Returns a routing policy. `role` is unique among the policies of the owner, so a changed match changes the row in
 * place.
 */
export function policyRow(
  ownerUid: string,
  role: string,
  {
    priority,
    match,
    action,
  }: { readonly priority: number; readonly match: Match; readonly action: 'allow' | 'drop' },
): DesiredRow {
  return row('Logical_Router_Policy', rowUuid(ownerUid, role), {
    priority,
    match: printMatch(match),
    action,
  });
}

/** Returns routing policies with their memberships in the router of a VPC. */
export function policiesOn(vpcUid: string, policies: readonly DesiredRow[]): DesiredState {
  return {
    rows: policies,
    memberships: policies.map(({ uuid }) => member('Logical_Router', routerUuid(vpcUid), 'policies', uuid)),
  };
}
