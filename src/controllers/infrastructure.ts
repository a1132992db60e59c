import { and, inport, is, number, or, outport, type OvnSymbol } from '../ovn/index.ts';
import type { Acl } from './acl.ts';

/**
 * What a machine needs before it has an address, which must stand above every drop of IP: its DHCP requests (northd
 * lets the answers of OVN's own DHCP server through) and IPv6 neighbour discovery. ARP is not IP, and needs nothing.
 * With `allow-related` the switches of the group's ports track connections, if nothing else makes them.
 */
export function infrastructure(
  group: OvnSymbol,
  priority: number,
  dhcp: 'allow' | 'allow-related' = 'allow',
): readonly Acl[] {
  const from = inport({ group });
  const to = outport({ group });
  const dhcpRequest = and(is('ip4'), number('udp.src', 68), number('udp.dst', 67));
  const neighbours = or(is('nd_ns'), is('nd_na'));
  return [
    { direction: 'from-lport', priority, match: and(from, dhcpRequest), action: dhcp },
    { direction: 'from-lport', priority, match: and(from, neighbours), action: 'allow' },
    { direction: 'to-lport', priority, match: and(to, neighbours), action: 'allow' },
  ];
}
