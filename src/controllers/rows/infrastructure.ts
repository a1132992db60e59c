import { and, inport, is, or, outport, type OvnSymbol } from '../../ovn/index.ts';
import type { Acl } from './acl.ts';
import { dhcpRequest } from './dhcp.ts';

/**
 * What a machine needs before it has an address, which must stand above every drop of IP: the broadcast in which it asks
 * for one (northd lets the answers of OVN's own DHCP server through) and IPv6 neighbour discovery. ARP is not IP, and
 * needs nothing. Renewals go to the server's address: the Subnet's switch lets them pass. With `allow-related` the
 * switches of the group's ports track connections, if nothing else makes them.
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
