import { and, inport, is, number, outport, type OvnSymbol } from '../../ovn/index.ts';
import { priority, type Acl } from '../rows/acl.ts';
import { infrastructure } from '../rows/infrastructure.ts';

/**
 * Returns the ACLs for traffic of filtered ports that no security group allows: they drop IP in both directions.
 * Independent of its groups, such a port cannot be a DHCP server or an IPv6 router: the ACLs drop DHCP answers (RFC
 * 2131, RFC 8415) and router advertisements (RFC 4861) at the sender.
 */
export function defaultDrop(group: OvnSymbol): readonly Acl[] {
  const from = inport({ group });
  const never = { direction: 'from-lport', priority: priority.never, action: 'drop' } as const;
  return [
    { ...never, match: and(from, is('ip4'), number('udp.src', 67), number('udp.dst', 68)) },
    { ...never, match: and(from, is('ip6'), number('udp.src', 547), number('udp.dst', 546)) },
    { ...never, match: and(from, is('nd_ra')) },
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
