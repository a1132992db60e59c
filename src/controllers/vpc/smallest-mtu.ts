import type { VPC } from '../../api/index.ts';
import type { Stores } from '../common/env.ts';

/**
 * Returns the smallest MTU, in bytes, of the Subnets to which the router of a VPC forwards; at most `largest`. A sender
 * outside the VPC sends to one address, and its router does not know which Subnet is behind the address.
 */
export function smallestMtu(stores: Pick<Stores, 'Subnet'>, { metadata }: VPC, largest: number): number {
  let smallest = largest;
  for (const { status } of stores.Subnet.byIndex('mtu', metadata.namespace ?? ''))
    if (status?.vpc?.uid === metadata.uid && status.gatewayIP !== undefined)
      smallest = Math.min(smallest, status.mtu ?? largest);
  return smallest;
}
