import {
  and,
  inport,
  is,
  number,
  or,
  outport,
  type DesiredState,
  type Match,
  type OvnSymbol,
} from '../../ovn/index.ts';
import { aclRow, groupWith, priority, type Acl } from './acl.ts';
import { infrastructure } from './infrastructure.ts';
import { dropGroupName, dropGroupUuid } from './names.ts';

/** The ports at which DHCP clients receive answers (RFC 2131 §4.1, RFC 8415 §7.2). */
const dhcpClients = number('udp.dst', 68, 546);

/**
 * Packets that only a server or router of the network sends: DHCP answers, whatever their source port, IPv6 router
 * advertisements (RFC 4861 §4.2) and redirects (RFC 792, RFC 4861 §4.5).
 */
const ofInfrastructure: readonly Match[] = [
  dhcpClients,
  is('nd_ra'),
  or(and(is('icmp4'), number('icmp4.type', 5)), and(is('icmp6'), number('icmp6.type', 137))),
];

/** Returns the group of a VPC's filtered ports, with the ACLs that drop the traffic which no security group allows. */
export function dropGroupRows(vpcUid: string): DesiredState {
  const acls = defaultDrop(dropGroupName(vpcUid)).map((acl) => aclRow(vpcUid, acl));
  return groupWith(dropGroupUuid(vpcUid), dropGroupName(vpcUid), acls);
}

/**
 * Returns the ACLs for traffic of filtered ports that no security group allows: they drop IP in both directions.
 * Independent of its groups, such a port cannot be a DHCP server or a router for its neighbours: the ACLs drop the
 * packets of servers and routers at the sender.
 */
function defaultDrop(group: OvnSymbol): readonly Acl[] {
  const from = inport({ group });
  return [
    ...ofInfrastructure.map((match): Acl => ({
      direction: 'from-lport',
      priority: priority.never,
      match: and(from, match),
      action: 'drop',
    })),
    ...infrastructure(group, priority.infrastructure),
    {
      direction: 'from-lport',
      priority: priority.drop,
      match: and(from, is('ip')),
      action: 'drop',
    },
    {
      direction: 'to-lport',
      priority: priority.drop,
      match: and(outport({ group }), is('ip')),
      action: 'drop',
    },
  ];
}
