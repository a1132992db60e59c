import { formatCidr, type Cidr } from '../api/index.ts';
import {
  and,
  everyAddress,
  inport,
  ip,
  is,
  member,
  not,
  or,
  outport,
  parseNetwork,
  row,
  subtractNetworks,
  type DesiredState,
  type Match,
} from '../ovn/index.ts';
import { aclRow, priority, type Acl } from './acl.ts';
import { isolationGroupName, isolationGroupUuid } from './names.ts';

/** Addresses that no router passes on (RFC 3927, RFC 4291 §2.5.6). */
const linkLocal = { 4: parseNetwork('169.254.0.0/16'), 6: parseNetwork('fe80::/10') } as const;

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

function isolation(uid: string, cidr: Cidr): readonly Acl[] {
  const group = isolationGroupName(uid);
  const beyond4 = subtractNetworks(everyAddress(4), [parseNetwork(formatCidr(cidr)), linkLocal[4]]);
  const beyond6 = subtractNetworks(everyAddress(6), [linkLocal[6]]);
  // Broadcast and multicast frames never leave the switch: among them are DHCP requests and neighbour discovery.
  const beyond = (side: 'src' | 'dst'): Match =>
    and(not(is('eth.mcast')), or(ip(4, side, beyond4), ip(6, side, beyond6)));
  const drop = { priority: priority.isolationDrop, action: 'drop' } as const;
  return [
    { direction: 'from-lport', match: and(inport({ group }), beyond('dst')), ...drop },
    { direction: 'to-lport', match: and(outport({ group }), beyond('src')), ...drop },
  ];
}
