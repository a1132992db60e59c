import { and, inport, is, number, or, outport, type Match, type OvnSymbol } from '../../ovn/index.ts';
import { priority, type Acl } from '../rows/acl.ts';
import { infrastructure } from '../rows/infrastructure.ts';

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

/**
 * Returns the ACLs for traffic of filtered ports that no security group allows: they drop IP in both directions.
 * Independent of its groups, such a port cannot be a DHCP server or a router for its neighbours: the ACLs drop the
 * packets of servers and routers at the sender.
 */
export function defaultDrop(group: OvnSymbol): readonly Acl[] {
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
