import { parseCidr, type Cidr, type ExternalNetwork, type StaticRoute, type VPC } from '../../api/index.ts';
import type { Env, PoolSources, Stores } from '../common/env.ts';
import { allowedNetwork, readyNetwork } from '../externalnetwork/index.ts';
import { routeWaiters } from '../pools/pools.ts';
import type { HeldNetwork } from '../pools/router-routes.ts';
import { recordedRoutes } from '../rows/recorded.ts';
import { usedRoutes, type RouteGateway, type RouteSources } from './routes.ts';

/** Returns the range of the ExternalNetwork that a VPC names and may use. */
export function externalRange(
  stores: Pick<Stores, 'ExternalNetwork' | 'Namespace'>,
  { metadata: { namespace = '' }, spec: { externalGateway } }: VPC,
): Cidr | undefined {
  if (externalGateway === undefined) return undefined;
  const network = allowedNetwork(stores, namespace, externalGateway.externalNetworkRef.name);
  if (!network.ok) return undefined;
  return rangeOf(network.value);
}

function rangeOf({ spec }: ExternalNetwork): Cidr | undefined {
  const cidr = parseCidr(spec.cidr, { family: 4 });
  return cidr.ok ? cidr.value : undefined;
}

/**
 * Holds the networks of a VPC's static routes and of its ExternalNetwork on the router, before the VPC writes them.
 * While a VPCPeering routes to one of them, the VPC waits: two routes to one network would share its traffic (ECMP).
 * The VPCPeering gives way as soon as it is reconciled with the new spec of the VPC.
 *
 * @returns undefined if the VPC must wait; otherwise `applied`, to be called when OVN contains the rows
 */
export function holdOwnRoutes(
  { stores, pools: { routes, waiting } }: Pick<Env, 'stores' | 'pools'>,
  key: string,
  vpc: VPC,
  used: readonly StaticRoute[],
): { readonly applied: () => void } | undefined {
  const { namespace = '', uid } = vpc.metadata;
  const external = externalRange(stores, vpc);
  const networks = heldNetworks(destinationsOf(used), external);
  if (networks.some((network) => routes.othersAt(namespace, uid, network).length > 0)) {
    waiting.add(routeWaiters(namespace), 'VPC', key);
    return undefined;
  }
  routes.add(namespace, uid, networks);
  return { applied: () => routes.keep(namespace, uid, networks) };
}

/**
 * Restores the networks of a VPC, or of a deleted VPC, that its rows lead to. `networkUid` is the UID of the
 * ExternalNetwork in the rows.
 */
export function adoptOwnRoutes(
  { stores, pools, writer }: PoolSources,
  namespace: string,
  uid: string,
  networkUid: string | undefined,
): void {
  const network = networkUid === undefined ? undefined : stores.ExternalNetwork.byUid(networkUid);
  const external = network && rangeOf(network);
  pools.routes.add(namespace, uid, heldNetworks(recordedRoutes(writer, uid), external));
}

/** Returns what a VPC holds on its router: the destinations of its routes, and the range of its ExternalNetwork. */
function heldNetworks(destinations: readonly Cidr[], external: Cidr | undefined): readonly HeldNetwork[] {
  const routes = destinations.map((network): HeldNetwork => ({ network, exact: true }));
  return external === undefined ? routes : [...routes, { network: external }];
}

/** Returns the destinations of the static routes that the router of a VPC with this range uses. */
export function staticDestinations(sources: RouteSources, vpc: VPC, range: Cidr): readonly Cidr[] {
  return destinationsOf(usedRoutes(sources, vpc, range, presentGateway(sources, vpc)).used);
}

/** Returns the gateway of a VPC as far as routes depend on it; undefined unless the VPC holds an address for it. */
function presentGateway(
  { stores, pools }: RouteSources,
  { metadata: { namespace = '', uid }, spec: { externalGateway } }: VPC,
): RouteGateway | undefined {
  if (externalGateway === undefined) return undefined;
  const allowed = allowedNetwork(stores, namespace, externalGateway.externalNetworkRef.name);
  const network = allowed.ok ? readyNetwork(allowed.value) : allowed;
  if (!network.ok) return undefined;
  const address = pools.external.network(network.value.uid)?.heldBy(uid);
  return address && { network: network.value, address };
}

function destinationsOf(routes: readonly StaticRoute[]): readonly Cidr[] {
  return routes.flatMap(({ destination }) => {
    const cidr = parseCidr(destination, { family: 4 });
    return cidr.ok ? [cidr.value] : [];
  });
}
