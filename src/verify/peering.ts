import type { Port, VPCPeering } from '../api/index.ts';
import { isWithin } from './packet.ts';
import { keyIn, vpcKeyOf } from './world.ts';
import type { World } from './world.ts';

/**
 * Whether two Ports of different VPCs can reach each other through a peering: both sides have a VPCPeering, each side
 * advertises the address of its Port, and the other side accepts it.
 */
export function arePeered(world: World, from: Port, to: Port): boolean {
  return (
    isAdvertised(world, from, to) &&
    isAdvertised(world, to, from) &&
    isAccepted(world, from, to) &&
    isAccepted(world, to, from)
  );
}

/** Whether the VPC of `port` advertises the address of `port` to the VPC of `other`. */
function isAdvertised(world: World, port: Port, other: Port): boolean {
  const address = port.status?.ipAddress;
  const vpc = world.vpcs.get(vpcKeyOf(world, port) ?? '');
  const peering = peeringTo(world, port, other);
  if (address === undefined || vpc === undefined || peering === undefined) return false;
  const networks = peering.spec.advertisedCIDRs ?? [vpc.status?.cidr ?? ''];
  return networks.some((network) => isWithin(network, address));
}

/** Whether the VPC of `other` accepts the address of `port`, according to the spec and the status of its VPCPeering. */
function isAccepted(world: World, port: Port, other: Port): boolean {
  const address = port.status?.ipAddress ?? '';
  const peering = peeringTo(world, other, port);
  return [peering?.spec.acceptedCIDRs, peering?.status?.acceptedRoutes].every(
    (networks) => networks === undefined || networks.some((network) => isWithin(network, address)),
  );
}

/** Returns the effective VPCPeering from the namespace of a Port to the VPC of `other`. */
function peeringTo(world: World, { metadata }: Port, other: Port): VPCPeering | undefined {
  const vpc = vpcKeyOf(world, other);
  return [...world.peerings.values()].find(
    ({ metadata: own, status }) =>
      keyIn(own.namespace, '') === keyIn(metadata.namespace, '') &&
      vpc !== undefined &&
      status?.peerVPC === vpc,
  );
}
