import { createHash } from 'node:crypto';
import type { ExternalNetwork } from '../../api/index.ts';
import type { Chassis } from '../../ovn/index.ts';

/** The number of chassis of a VPC. The limit exists because each of these chassis monitors all others with BFD. */
const MAX_CHASSIS = 5;

/** The number of priorities in an HA_Chassis_Group: 0 to 32767 (ovn-nb(5)). */
const PRIORITY_COUNT = 32_768;

/**
 * Returns the names of the chassis that carry the traffic of a network, sorted. The chassis must have the physical
 * network, because a chassis without it would drop the traffic. Of these, the spec selects some by name, or all
 * gateway chassis.
 */
export function selectChassis(
  { gatewayChassis: { names }, physicalNetwork }: ExternalNetwork['spec'],
  known: readonly Chassis[],
): readonly string[] {
  return known
    .filter(({ physicalNetworks }) => physicalNetworks.includes(physicalNetwork))
    .filter(({ name, isGateway }) => (names === undefined ? isGateway : names.includes(name)))
    .map(({ name }) => name)
    .sort();
}

/** A chassis of a VPC. The live chassis with the highest priority is active. */
interface RankedChassis {
  readonly name: string;
  readonly priority: number;
}

/**
 * Selects the chassis of a VPC and their priorities by rendezvous hashing (Thaler and Ravishankar 1998). Each VPC
 * ranks the chassis by a hash of both names, so the VPCs spread over all chassis. When a chassis appears or
 * disappears, only the VPCs that rank it first move. The priority is the hash and not the position in the list, so
 * the priorities of the other chassis do not change.
 */
export function rankChassis(vpcUid: string, chassis: readonly string[]): readonly RankedChassis[] {
  return chassis
    .map((name) => ({ name, priority: hash(`${vpcUid}/${name}`) % PRIORITY_COUNT }))
    .sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_CHASSIS);
}

function hash(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}
