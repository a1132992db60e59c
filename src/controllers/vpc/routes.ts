import {
  condition,
  containsAddress,
  parseAddress,
  parseCidr,
  type Cidr,
  type DesiredCondition,
  type VPC,
} from '../../api/index.ts';
import type { Stores } from '../common/env.ts';
import { collect, fromParsed, type Checked } from '../common/problem.ts';
import type { Gateway } from './gateway.ts';
import { objectsOf } from './lookup.ts';

/** Whether the static routes of a VPC are well-formed; the schema has seen to it before. */
export function checkRoutes({ spec }: VPC): Checked<unknown> {
  return collect<unknown>(
    (spec.staticRoutes ?? []).flatMap(({ destination, nextHop }, index) => [
      fromParsed(parseCidr(destination, { family: 4 }), `spec.staticRoutes[${index}].destination`),
      fromParsed(parseAddress(nextHop, { family: 4 }), `spec.staticRoutes[${index}].nextHop`),
    ]),
  );
}

/**
 * Whether the router reaches the next hops of a VPC's static routes: northd leaves out a route whose next hop is in no
 * network of the router, and says so in its own log only. Nothing for a VPC without routes. It is no part of Ready:
 * Subnets may be made only when their VPC is ready, and all else works.
 */
export function routesResolved(
  stores: Pick<Stores, 'VPC' | 'Subnet'>,
  vpc: VPC,
  key: string,
  gateway: Gateway | undefined,
): readonly DesiredCondition[] {
  const { staticRoutes = [] } = vpc.spec;
  if (staticRoutes.length === 0) return [];
  const networks = networksOf(stores, vpc, key, gateway);
  const lost = staticRoutes.filter(({ nextHop }) => {
    const address = parseAddress(nextHop, { family: 4 });
    return !address.ok || !networks.some((network) => containsAddress(network, address.value));
  });
  if (lost.length === 0) {
    const message = 'The router reaches the next hop of every static route.';
    return [condition('RoutesResolved', 'True', 'RoutesResolved', message)];
  }
  const routes = lost.map(({ destination, nextHop }) => `${destination} via ${nextHop}`).join(', ');
  const message =
    `The router does not reach the next hop of the static routes ${routes}, so these routes are not in effect. ` +
    'A next hop must be in a Subnet of the VPC with a gateway, or in the external network of the VPC.';
  return [condition('RoutesResolved', 'False', 'NextHopUnreachable', message)];
}

/** The networks that the router has an address in, but for the links to peers, where no next hop can be. */
function networksOf(
  stores: Pick<Stores, 'VPC' | 'Subnet'>,
  vpc: VPC,
  key: string,
  gateway: Gateway | undefined,
): readonly Cidr[] {
  const subnets = [...objectsOf(stores, vpc, key, stores.Subnet)].flatMap(({ status }) => {
    if (status?.switchName === undefined || status.gatewayIP === undefined) return [];
    const cidr = parseCidr(status.cidr ?? '', { family: 4 });
    return cidr.ok ? [cidr.value] : [];
  });
  return gateway === undefined ? subnets : [...subnets, gateway.network.cidr];
}
