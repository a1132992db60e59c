import {
  address,
  and,
  combined,
  inport,
  ip,
  is,
  nothing,
  or,
  outport,
  type DesiredState,
  type Network,
} from '../../ovn/index.ts';
import { aclRow, aclsOn, priority } from './acl.ts';
import { routerPortName, switchRouterPortName, switchUuid } from './names.ts';
import { policiesOn, policyPriority, policyRow } from './router-policy.ts';

/** The connection of a Subnet to the router of its VPC. */
interface Connection {
  readonly vpcUid: string;
  readonly subnetUid: string;
}

/**
 * Returns the source filter of a Subnet at the router of its VPC: the router forwards a packet from the Subnet only
 * if its source is an address of the Subnet or of `routed`. So the source of a packet proves from which Subnet it
 * comes, and rules and isolation can rely on addresses. `network` is the range of the Subnet.
 *
 * Packets back to the Subnet pass. They include the router's own answers, whose source can be any address of the
 * router, and a machine can send them to its neighbours without the router.
 *
 * The router also learns no neighbour outside the Subnet: the switch drops such ARP packets before the router.
 *
 * @param routed the networks that static routes reach through the Subnet
 * @param isShared machines of other tenants may be on the link: the router accepts addresses of the Subnet only from
 *   its own Ports ({@link allowedSources}), so others cannot use the router
 */
export function sourceFilter(
  { vpcUid, subnetUid }: Connection,
  network: Network,
  routed: readonly Network[],
  isShared: boolean,
): DesiredState {
  const from = inport({ name: routerPortName(subnetUid) });
  const policies = [
    policyRow(subnetUid, 'sources/own', {
      priority: policyPriority.allowedSource,
      match: and(
        from,
        or(ip(4, 'src', [...(isShared ? [] : [network]), ...routed]), ip(4, 'dst', [network])),
      ),
      action: 'allow',
    }),
    policyRow(subnetUid, 'sources/other', {
      priority: policyPriority.otherSource,
      match: and(from, is('ip')),
      action: 'drop',
    }),
  ];
  const to = outport({ name: switchRouterPortName(subnetUid) });
  const acls = [
    aclRow(
      subnetUid,
      {
        direction: 'to-lport',
        priority: priority.allow,
        match: and(to, address('arp.spa', [network])),
        action: 'allow',
      },
      'arp/own',
    ),
    aclRow(
      subnetUid,
      { direction: 'to-lport', priority: priority.drop, match: and(to, is('arp')), action: 'drop' },
      'arp/other',
    ),
  ];
  return combined(policiesOn(vpcUid, policies), aclsOn('Logical_Switch', switchUuid(subnetUid), acls));
}

/**
 * Returns the policy with which the router also accepts addresses of a Port from its Subnet. The result is empty
 * without addresses. `ownerUid` is the UID of the Port.
 */
export function allowedSources(
  ownerUid: string,
  { vpcUid, subnetUid }: Connection,
  networks: readonly Network[],
): DesiredState {
  if (networks.length === 0) return nothing;
  const policy = policyRow(ownerUid, 'sources', {
    priority: policyPriority.allowedSource,
    match: and(inport({ name: routerPortName(subnetUid) }), ip(4, 'src', networks)),
    action: 'allow',
  });
  return policiesOn(vpcUid, [policy]);
}
