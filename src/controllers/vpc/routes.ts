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

/** Checks the static routes of a VPC. The schema makes the same checks before. */
export function checkRoutes({ spec }: VPC): Checked<unknown> {
  return collect<unknown>(
    (spec.staticRoutes ?? []).flatMap(({ destination, nextHop }, index) => [
      fromParsed(parseCidr(destination, { family: 4 }), `spec.staticRoutes[${index}].destination`),
      fromParsed(parseAddress(nextHop, { family: 4 }), `spec.staticRoutes[${index}].nextHop`),
    ]),
  );
}

/**
 * Returns the condition that states whether the router reaches the next hops of a VPC's static routes. northd omits a
 * route whose next hop is in no network of the router, and reports that only in its own log. The result is empty for
 * a VPC without routes. Ready does not depend on the condition: a user may create Subnets only after their VPC is
 * ready, and everything else works.
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
  const unreachable = staticRoutes.filter(({ nextHop }) => {
    const address = parseAddress(nextHop, { family: 4 });
    return !address.ok || !networks.some((network) => containsAddress(network, address.value));
  });
  if (unreachable.length === 0) {
    const message = 'The router reaches the next hop of every static route.';
    return [condition('RoutesResolved', 'True', 'RoutesResolved', message)];
  }
  const routes = unreachable.map(({ destination, nextHop }) => `${destination} via ${nextHop}`).join(', ');
  const message =
    `The router does not reach the next hop of the static routes ${routes}, so these routes are not in effect. ` +
    'A next hop must be in a Subnet of the VPC with a gateway, or in the external network of the VPC.';
  return [condition('RoutesResolved', 'False', 'NextHopUnreachable', message)];
}

/** Returns the networks in which the router has an address, except the links to peers, which contain no next hops. */
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
