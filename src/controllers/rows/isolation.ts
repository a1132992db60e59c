import { formatCidr, type Cidr } from '../../api/index.ts';
import {
  and,
  everyAddress,
  inport,
  ip,
  member,
  or,
  outport,
  parseNetwork,
  row,
  subtractNetworks,
  type DesiredState,
  type Family,
  type Match,
  type Network,
} from '../../ovn/index.ts';
import { aclRow, priority, type Acl } from './acl.ts';
import { linkLocal, onLink, unspecified } from './link-scope.ts';
import { isolationGroupName, isolationGroupUuid } from './names.ts';

/**
 * The group of ports that may not reach beyond `cidr`: whatever comes from, or goes to, addresses outside it is
 * dropped, above all that security groups allow. Every Subnet and VPC has one, mostly empty, so that a TrafficPolicy
 * with `isolation` holds from the moment in which a Port joins it, with nothing to wait for.
 */
export function isolationRows(uid: string, cidr: Cidr): DesiredState {
  const group = row('Port_Group', isolationGroupUuid(uid), { name: isolationGroupName(uid) });
  const acls = isolation(uid, cidr).map((acl) => aclRow(uid, acl));
  return {
    rows: [group, ...acls],
    memberships: acls.map(({ uuid }) => member('Port_Group', group.uuid, 'acls', uuid)),
  };
}

/**
 * What stays on the link passes, whatever frame carries it: DHCP requests and neighbour discovery are among it. The
 * frame says nothing: a router takes a packet out of a multicast frame, too.
 */
function isolation(uid: string, cidr: Cidr): readonly Acl[] {
  const group = isolationGroupName(uid);
  const own = parseNetwork(formatCidr(cidr));
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
