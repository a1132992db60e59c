import type { Cidr } from '../../api/index.ts';
import {
  and,
  everyAddress,
  inport,
  ip,
  or,
  outport,
  subtractNetworks,
  type DesiredState,
  type Family,
  type Match,
  type Network,
} from '../../ovn/index.ts';
import { aclRow, groupWith, priority, type Acl } from './acl.ts';
import { linkLocal, onLink, unspecified } from './link-scope.ts';
import { isolationGroupName, isolationGroupUuid } from './names.ts';
import { networkOf } from './network.ts';

/**
 * Returns the isolation group of `cidr`: the ports in the group cannot communicate with addresses outside. The ACLs
 * drop this traffic above everything that security groups allow. Every Subnet and VPC has such a group, which is
 * mostly empty. So a TrafficPolicy with `isolation` is in effect at the moment when a Port joins the group.
 */
export function isolationRows(uid: string, cidr: Cidr): DesiredState {
  const acls = isolation(uid, cidr).map((acl) => aclRow(uid, acl));
  return groupWith(isolationGroupUuid(uid), isolationGroupName(uid), acls);
}

/**
 * Returns the ACLs that drop traffic with addresses outside `cidr`. Traffic on the link passes, which includes DHCP
 * requests and neighbour discovery. The ACLs test IP addresses and not the Ethernet frame, because a router also
 * forwards a packet that arrives in a multicast frame.
 */
function isolation(uid: string, cidr: Cidr): readonly Acl[] {
  const group = isolationGroupName(uid);
  const own = networkOf(cidr);
  const beyond = (side: 'src' | 'dst', within: Record<Family, readonly Network[]>): Match =>
    or(
      ip(4, side, subtractNetworks(everyAddress(4), [own, ...within[4]])),
      ip(6, side, subtractNetworks(everyAddress(6), within[6])),
    );
  const sources = { 4: [linkLocal[4], unspecified[4]], 6: [linkLocal[6], unspecified[6]] };
  const drop = { priority: priority.isolationDrop, action: 'drop' } as const;
  return [
    { direction: 'from-lport', match: and(inport({ group }), beyond('dst', onLink)), ...drop },
    { direction: 'to-lport', match: and(outport({ group }), beyond('src', sources)), ...drop },
  ];
}
