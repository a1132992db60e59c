import { formatAddress, formatCidr, type Cidr, type StaticRoute, type VPC } from '../../api/index.ts';
import { combined, member, row, rowUuid, type DesiredRow, type DesiredState } from '../../ovn/index.ts';
import type { ExternalAddress } from '../pools/external.ts';
import { dropGroupRows } from '../rows/default-drop.ts';
import { isolationRows } from '../rows/isolation.ts';
import { CIDR_MARK, KEPT_ADDRESS_MARK, ORGANIZATION_MARK, routerName, routerUuid } from '../rows/names.ts';
import { connectionLimit } from '../rows/connections.ts';
import { controlPlanePolicy, controlPlaneRows } from '../rows/control-plane.ts';
import type { HostLimits } from '../settings.ts';
import { planGateway, type Gateway } from './gateway.ts';
import { onLinkPolicy } from './on-link.ts';

/**
 * Options of the router. The router learns neighbours from ARP replies only, and forgets them after five minutes. So
 * a tenant's gratuitous ARP cannot fill or poison the table (ovn-nb(5), Logical_Router options).
 */
const routerOptions = {
  always_learn_from_arp_request: 'false',
  dynamic_neigh_routers: 'true',
  mac_binding_age_threshold: '300',
};

/** What a VPC holds. */
interface VPCHolds {
  readonly cidr: Cidr;
  /** The organization in which the VPC got its range. */
  readonly organization: string;
  /** The external address that the VPC keeps while it has no gateway. */
  readonly kept: ExternalAddress | undefined;
}

/** The settings that the rows of a VPC depend on. */
interface VPCSettings {
  /** The largest packet that fits from the gateway to every Subnet, in bytes. */
  readonly gatewayMtu: number;
  readonly hostLimits: HostLimits;
}

/**
 * Returns the rows of a VPC: its router with static routes and gateway, the policy against traffic with link scope,
 * the group whose ACLs drop traffic that no rule allows, isolation, and control-plane protection.
 *
 * @param routes the static routes that the router uses
 */
export function planVpc(
  vpc: VPC,
  { cidr, organization, kept }: VPCHolds,
  gateway: Gateway | undefined,
  routes: readonly StaticRoute[],
  { gatewayMtu, hostLimits }: VPCSettings,
): DesiredState {
  const { uid } = vpc.metadata;
  const router = row('Logical_Router', routerUuid(uid), {
    name: routerName(uid),
    copp: controlPlanePolicy(uid, hostLimits),
    options: { ...routerOptions, ...connectionLimit(hostLimits.connectionsPerRouter) },
    external_ids: {
      [CIDR_MARK]: formatCidr(cidr),
      [ORGANIZATION_MARK]: organization,
      ...(gateway === undefined && kept !== undefined
        ? { [KEPT_ADDRESS_MARK]: `${kept.networkUid} ${formatAddress(kept.address)}` }
        : {}),
    },
  });
  const routeRows = routes.map((route) => staticRoute(uid, route));
  const policy = onLinkPolicy(uid);
  const filters = vpcFilters(uid, cidr);
  const protection = controlPlaneRows(uid, hostLimits);
  const external = planGateway(vpc, cidr, gateway, routes, gatewayMtu);
  return {
    rows: [router, policy, ...routeRows, ...filters.rows, ...protection.rows, ...external.rows],
    memberships: [
      member('Logical_Router', router.uuid, 'policies', policy.uuid),
      ...routeRows.map((route) => member('Logical_Router', router.uuid, 'static_routes', route.uuid)),
      ...filters.memberships,
      ...external.memberships,
    ],
  };
}

/** Returns the groups whose ACLs restrict the Ports of a VPC. */
export function vpcFilters(uid: string, cidr: Cidr): DesiredState {
  return combined(dropGroupRows(uid), isolationRows(uid, cidr));
}

function staticRoute(uid: string, { destination, nextHop }: StaticRoute): DesiredRow {
  return row('Logical_Router_Static_Route', rowUuid(uid, `route/${destination}`), {
    ip_prefix: destination,
    nexthop: nextHop,
  });
}
