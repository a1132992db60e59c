import { computeMac, firstAddress, formatAddress, formatCidr, type Cidr } from '../../api/index.ts';
import {
  and,
  inport,
  ip,
  is,
  member,
  not,
  or,
  printMatch,
  row,
  rowUuid,
  type DesiredState,
  type Match,
} from '../../ovn/index.ts';
import { PEERING_MARK, peeringPortName, routerUuid } from '../rows/names.ts';
import { policyPriority, policyRow } from '../rows/router-policy.ts';
import type { Pair } from './match.ts';
import type { Side } from './side.ts';

/** The networks between which a connection carries traffic. */
interface Networks {
  /** The networks of the other side to which the own router routes, and from which it accepts packets. */
  readonly other: readonly Cidr[];
  /** The networks of this side to which the other router routes. */
  readonly own: readonly Cidr[];
}

/**
 * Returns the rows of one side of a connection: a router port whose peer is a port of the other router, a route to
 * each network of the other side, and a policy that drops traffic from the peer with any other source or destination.
 *
 * @param mtu the largest packet that fits to every Subnet of the other side, in bytes, if larger packets can occur. The
 *   own router answers them, because it accepts no packet from the other router itself
 */
export function planPeering(
  { own, other }: Pair,
  networks: Networks,
  link: Cidr,
  mtu: number | undefined,
): DesiredState {
  const { uid } = own.peering.metadata;
  const router = routerUuid(own.vpc.metadata.uid);
  const port = row('Logical_Router_Port', rowUuid(uid, 'router-port'), {
    name: peeringPortName(uid),
    mac: computeMac(uid, 'peer'),
    networks: [`${addressOf(own, other, link)}/${link.prefix}`],
    peer: peeringPortName(other.peering.metadata.uid),
    options: mtu === undefined ? {} : linkMtu(peeringPortName(uid), mtu),
    external_ids: { [PEERING_MARK]: other.peering.metadata.uid },
  });
  const routes = networks.other.map((cidr) =>
    row('Logical_Router_Static_Route', rowUuid(uid, `route/${formatCidr(cidr)}`), {
      ip_prefix: formatCidr(cidr),
      nexthop: addressOf(other, own, link),
      output_port: peeringPortName(uid),
    }),
  );
  const policy = policyRow(uid, 'policy', {
    priority: policyPriority.peering,
    match: and(inport({ name: peeringPortName(uid) }), is('ip4'), ...beyond(networks)),
    action: 'drop',
  });
  return {
    rows: [port, ...routes, policy],
    memberships: [
      member('Logical_Router', router, 'ports', port.uuid),
      ...routes.map(({ uuid }) => member('Logical_Router', router, 'static_routes', uuid)),
      member('Logical_Router', router, 'policies', policy.uuid),
    ],
  };
}

/**
 * Returns the options with which the router answers larger packets to the link with ICMP. OVN also checks packets from
 * the link, which may be larger, so a match excludes them (ovn-nb(5), gateway_mtu_bypass, which needs parentheses).
 */
const linkMtu = (name: string, mtu: number): Readonly<Record<string, string>> => ({
  gateway_mtu: String(mtu),
  gateway_mtu_bypass: `(${printMatch(inport({ name }))})`,
});

/** Returns the condition for packets to drop: all packets while one side has no networks. */
function beyond({ own, other }: Networks): readonly Match[] {
  if (own.length === 0 || other.length === 0) return [];
  return [or(not(ip(4, 'src', other.map(formatCidr))), not(ip(4, 'dst', own.map(formatCidr))))];
}

/**
 * Returns the address of a side on the link: the side with the lower UID has the first usable address, the other side
 * has the second.
 */
function addressOf(side: Side, other: Side, link: Cidr): string {
  const isFirst = side.peering.metadata.uid < other.peering.metadata.uid;
  return formatAddress({ family: 4, value: firstAddress(link).value + (isFirst ? 1n : 2n) });
}
