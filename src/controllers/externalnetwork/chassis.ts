import { createHash } from 'node:crypto';
import type { ExternalNetwork } from '../../api/index.ts';
import type { Chassis } from '../../ovn/index.ts';

/** How many chassis stand ready for one VPC: each is watched by BFD from all others. */
const MOST_CHASSIS = 5;

/** What OVN takes as a priority in an HA_Chassis_Group (ovn-nb(5)). */
const PRIORITIES = 32_768;

/**
 * The chassis that carry a network's traffic, by name: of those that OVN knows and that have the physical network, the
 * ones that its spec asks for. One without it would swallow the traffic.
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

/** A chassis of a VPC; the one with the highest priority that is alive is active. */
export interface RankedChassis {
  readonly name: string;
  readonly priority: number;
}

/**
 * Which chassis stand ready for a VPC, and in which order, by rendezvous hashing (Thaler and Ravishankar 1998): each
 * VPC ranks the chassis by a hash of both names, so VPCs spread over all chassis, and one that comes or goes moves
 * only the VPCs that it is the first of. Priorities come from the hash, not from the place: nobody else's changes.
 */
export function rankChassis(vpcUid: string, chassis: readonly string[]): readonly RankedChassis[] {
  return chassis
    .map((name) => ({ name, priority: hash(`${vpcUid}/${name}`) % PRIORITIES }))
    .sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
    .slice(0, MOST_CHASSIS);
}

function hash(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}
