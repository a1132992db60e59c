import type { Port, VPCPeering } from '../api/index.ts';
import { isWithin } from './packet.ts';
import { keyIn, vpcKeyOf } from './world.ts';
import type { World } from './world.ts';

/**
 * Whether two Ports of different VPCs can reach each other through a peering: both sides have a VPCPeering, and each
 * side advertises the address of its Port.
 */
export function arePeered(world: World, from: Port, to: Port): boolean {
  return isAdvertised(world, from, to) && isAdvertised(world, to, from);
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
