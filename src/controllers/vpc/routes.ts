import {
  condition,
  containsAddress,
  containsCidr,
  formatCidr,
  parseAddress,
  parseCidr,
  type Address,
  type Cidr,
  type DesiredCondition,
  type StaticRoute,
  type Subnet,
  type VPC,
} from '../../api/index.ts';
import { subtractNetworks, type Network } from '../../ovn/index.ts';
import type { Env } from '../common/env.ts';
import { collect, fromParsed, type Checked } from '../common/problem.ts';
import { linkRange } from '../pools/links.ts';
import type { SubnetPool } from '../pools/pools.ts';
import { networkOf } from '../rows/network.ts';
import { knownCidr } from '../rows/recorded.ts';
import type { Gateway } from './gateway.ts';
import { vpcNetwork } from './kind.ts';

/** Checks the static routes of a VPC. The schema makes the same checks before. */
export function checkRoutes({ spec }: VPC): Checked<unknown> {
  return collect<unknown>(
    (spec.staticRoutes ?? []).flatMap(({ destination, nextHop }, index) => [
      fromParsed(parseCidr(destination, { family: 4 }), `spec.staticRoutes[${index}].destination`),
      fromParsed(parseAddress(nextHop, { family: 4 }), `spec.staticRoutes[${index}].nextHop`),
    ]),
  );
}

/** A static route that the router does not use, and the reason: the end of a sentence. */
interface RefusedRoute {
  readonly route: StaticRoute;
  readonly because: string;
}

/** The static routes of a VPC that its router uses, and those that it does not use. */
interface Routes {
  readonly used: readonly StaticRoute[];
  readonly refused: readonly RefusedRoute[];
  /** The routes whose next hop the router does not reach. */
  readonly unreachable: readonly StaticRoute[];
}

export const noRoutes: Routes = { used: [], refused: [], unreachable: [] };

/** The part of a gateway that decides about routes. */
export type RouteGateway = Pick<Gateway, 'address'> & {
  readonly network: Pick<Gateway['network'], 'name' | 'cidr' | 'isAllocatable'>;
};

export type RouteSources = Pick<Env, 'stores' | 'pools' | 'writer'>;

/**
 * Decides which static routes of a VPC the router uses. A route that the router does not use replaces no other route.
 * The router does not use a route whose next hop it does not reach: northd would omit the route. A route may not lead
 * into a network in which the router has an address, because the router would have two routes to the same addresses.
 * The next hop must not be an address of a router: neither of this one, nor of a peer on the link of a VPCPeering, which
 * routes by its own rules only. In the ExternalNetwork it must not be an address that VPCs and FloatingIPs get, because
 * it may belong to another tenant.
 */
export function usedRoutes(
  sources: RouteSources,
  vpc: VPC,
  range: Cidr,
  gateway: RouteGateway | undefined,
): Routes {
  const used: StaticRoute[] = [];
  const refused: RefusedRoute[] = [];
  const unreachable: StaticRoute[] = [];
  for (const route of vpc.spec.staticRoutes ?? []) {
    const because =
      refusalOf(route, range, gateway) ?? refusalInSubnet(sources.pools, vpc.metadata.uid, route);
    if (because !== undefined) refused.push({ route, because });
    else if (isReachable(sources, vpc, gateway, route.nextHop)) used.push(route);
    else unreachable.push(route);
  }
  return { used, refused, unreachable };
}

function refusalOf(
  { destination, nextHop }: StaticRoute,
  range: Cidr,
  gateway: RouteGateway | undefined,
): string | undefined {
  const network = parseCidr(destination, { family: 4 });
  const hop = parseAddress(nextHop, { family: 4 });
  if (!network.ok || !hop.ok) return 'the route is not valid';
  if (containsCidr(range, network.value))
    return `the destination is inside the range ${formatCidr(range)} of the VPC`;
  if (containsAddress(linkRange, hop.value)) return 'the next hop is a link-local address';
  if (gateway === undefined) return undefined;
  if (hop.value.value === gateway.address.value) return 'the next hop is the address of the router itself';
  const { name, cidr, isAllocatable } = gateway.network;
  if (containsCidr(cidr, network.value))
    return `the destination is inside the range ${formatCidr(cidr)} of the ExternalNetwork "${name}"`;
  return containsAddress(cidr, hop.value) && isAllocatable(hop.value)
    ? `the next hop is an address that the ExternalNetwork "${name}" gives to VPCs and FloatingIPs`
    : undefined;
}

function refusalInSubnet(pools: Env['pools'], vpcUid: string, { nextHop }: StaticRoute): string | undefined {
  const hop = parseAddress(nextHop, { family: 4 });
  const subnetUid = hop.ok ? pools.subnetAt(vpcUid, hop.value) : undefined;
  const subnet = subnetUid === undefined ? undefined : pools.subnet(subnetUid);
  return hop.ok && subnet !== undefined && isOfSubnet(subnet, hop.value)
    ? 'the next hop is the gateway, network or broadcast address of a Subnet'
    : undefined;
}

/** Whether an address belongs to the Subnet itself, so no machine in the Subnet is the next hop. */
function isOfSubnet({ addresses }: SubnetPool, address: Address): boolean {
  const unusable = addresses.unusable(address);
  return unusable !== undefined && unusable !== 'reserved';
}

/**
 * Returns the networks that the static routes of a VPC reach through the Subnet with this range: packets from there
 * may come from these networks. Addresses of the VPC itself are not among them.
 */
export function networksThrough(vpc: VPC, subnetRange: Cidr, pool: SubnetPool): readonly Network[] {
  const range = vpcNetwork(vpc);
  const own = range === undefined ? [] : [networkOf(range)];
  return (vpc.spec.staticRoutes ?? []).flatMap(({ destination, nextHop }) => {
    const network = parseCidr(destination, { family: 4 });
    const hop = parseAddress(nextHop, { family: 4 });
    if (!network.ok || !hop.ok || !containsAddress(subnetRange, hop.value)) return [];
    if (isOfSubnet(pool, hop.value)) return [];
    return subtractNetworks(networkOf(network.value), own);
  });
}

/**
 * Returns the condition that states whether the router uses all static routes of a VPC. The message lists every route
 * that the router does not use: objects that depend on these routes are woken by it. The result is empty for a VPC
 * without routes. Ready does not depend on the condition: a user may create Subnets only after their VPC is ready, and
 * everything else works.
 */
export function routesResolved({ used, refused, unreachable }: Routes): readonly DesiredCondition[] {
  if (used.length + refused.length + unreachable.length === 0) return [];
  const sentences: string[] = [];
  if (refused.length > 0) {
    const routes = refused.map(({ route, because }) => `${textOf(route)} (${because})`).join(', ');
    sentences.push(`The router does not use the static routes ${routes}; remove or change these routes.`);
  }
  if (unreachable.length > 0)
    sentences.push(
      `The router does not reach the next hop of the static routes ${unreachable.map(textOf).join(', ')}, so these ` +
        'routes are not in effect and replace no other route; ' +
        'set next hops in a Subnet of the VPC with a gateway, or in the external network of the VPC, or create such a Subnet.',
    );
  if (sentences.length === 0) {
    const message = 'The router reaches the next hop of every static route.';
    return [condition('RoutesResolved', 'True', 'RoutesResolved', message)];
  }
  const reason = refused.length > 0 ? 'RouteRefused' : 'NextHopUnreachable';
  return [condition('RoutesResolved', 'False', reason, sentences.join(' '))];
}

const textOf = ({ destination, nextHop }: StaticRoute): string => `${destination} via ${nextHop}`;

/**
 * Whether the router has an address in the network of a next hop. The links to peers contain no next hops. The pool
 * finds the Subnet of an address without a search through all Subnets.
 */
function isReachable(
  { stores, pools, writer }: RouteSources,
  vpc: VPC,
  gateway: RouteGateway | undefined,
  nextHop: string,
): boolean {
  const address = parseAddress(nextHop, { family: 4 });
  if (!address.ok) return false;
  if (gateway !== undefined && containsAddress(gateway.network.cidr, address.value)) return true;
  const subnet = stores.Subnet.byUid(pools.subnetAt(vpc.metadata.uid, address.value) ?? '');
  if (subnet === undefined || !hasRouterPort(writer, subnet)) return false;
  const cidr = knownCidr(writer, subnet, 'Logical_Switch');
  return cidr !== undefined && containsAddress(cidr, address.value);
}

/** Whether OVN connects the Subnet to the router. The rows decide while the Subnet has no status. */
export function hasRouterPort(
  writer: Pick<RouteSources['writer'], 'ownedBy'>,
  { metadata, status }: Subnet,
): boolean {
  return status?.switchName === undefined
    ? writer.ownedBy(metadata.uid).some(({ table }) => table === 'Logical_Router_Port')
    : status.gatewayIP !== undefined;
}
