import { formatCidr, type Cidr, type StaticRoute, type VPC } from '../../api/index.ts';
import {
  member,
  row,
  rowUuid,
  type DesiredRow,
  type DesiredState,
  type Membership,
} from '../../ovn/index.ts';
import { aclRow, type Acl } from '../rows/acl.ts';
import { isolationRows } from '../rows/isolation.ts';
import { CIDR_MARK, dropGroupName, dropGroupUuid, routerName, routerUuid } from '../rows/names.ts';
import { defaultDrop } from './default-drop.ts';
import { planGateway, type Gateway } from './gateway.ts';
import { onLinkPolicy } from './on-link.ts';
import { usedRoutes } from './routes.ts';

/**
 * Options of the router. The router learns neighbours from ARP replies only, and forgets them after five minutes. So
 * a tenant's gratuitous ARP cannot fill or poison the table (ovn-nb(5), Logical_Router options).
 */
const routerOptions = {
  always_learn_from_arp_request: 'false',
  dynamic_neigh_routers: 'true',
  mac_binding_age_threshold: '300',
};

/**
 * Returns the rows of a VPC: its router with static routes and gateway, the policy against traffic with link scope,
 * the group whose ACLs drop traffic that no rule allows, and isolation. `mtu` is the MTU of the overlay, in bytes.
 */
export function planVpc(vpc: VPC, cidr: Cidr, gateway: Gateway | undefined, mtu: number): DesiredState {
  const { uid } = vpc.metadata;
  const router = row('Logical_Router', routerUuid(uid), {
    name: routerName(uid),
    options: routerOptions,
    external_ids: { [CIDR_MARK]: formatCidr(cidr) },
  });
  const routes = usedRoutes(vpc, cidr, gateway).used.map((route) => staticRoute(uid, route));
  const policy = onLinkPolicy(uid);
  const group = row('Port_Group', dropGroupUuid(uid), { name: dropGroupName(uid) });
  const acls = defaultDrop(dropGroupName(uid)).map((acl: Acl) => aclRow(uid, acl));
  const isolation = isolationRows(uid, cidr);
  const external = planGateway(vpc, cidr, gateway, mtu);
  return {
    rows: [router, policy, group, ...routes, ...acls, ...isolation.rows, ...external.rows],
    memberships: [
      member('Logical_Router', router.uuid, 'policies', policy.uuid),
      ...routes.map((route) => member('Logical_Router', router.uuid, 'static_routes', route.uuid)),
      ...acls.map((acl): Membership => member('Port_Group', group.uuid, 'acls', acl.uuid)),
      ...isolation.memberships,
      ...external.memberships,
    ],
  };
}

function staticRoute(uid: string, { destination, nextHop }: StaticRoute): DesiredRow {
  return row('Logical_Router_Static_Route', rowUuid(uid, `route/${destination}`), {
    ip_prefix: destination,
    nexthop: nextHop,
  });
}
