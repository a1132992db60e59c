import { and, inport, is, or, outport, type OvnSymbol } from '../../ovn/index.ts';
import type { Acl } from './acl.ts';
import { dhcpRequest } from './dhcp.ts';

/**
 * Returns the ACLs for the traffic that a VM needs before it has an address. They must be above every ACL that drops
 * IP. The traffic is the broadcast of a DHCP request (northd admits the answers of OVN's own DHCP server) and IPv6
 * neighbour discovery. ARP is not IP and needs no ACL. Renewals go to the address of the server: the switch of the
 * Subnet admits them. With `allow-related`, the switches of the group's ports track connections even if no other ACL
 * requires that.
 */
export function infrastructure(
  group: OvnSymbol,
  priority: number,
  dhcp: 'allow' | 'allow-related' = 'allow',
): readonly Acl[] {
  const from = inport({ group });
  const to = outport({ group });
  const neighbours = or(is('nd_ns'), is('nd_na'));
  return [
    { direction: 'from-lport', priority, match: and(from, dhcpRequest('255.255.255.255')), action: dhcp },
    { direction: 'from-lport', priority, match: and(from, neighbours), action: 'allow' },
    { direction: 'to-lport', priority, match: and(to, neighbours), action: 'allow' },
  ];
}
