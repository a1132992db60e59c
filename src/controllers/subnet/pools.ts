import { formatCidr, segmentKey, type Subnet } from '../../api/index.ts';
import type { Owner } from '../../ovn/index.ts';
import type { PoolSources } from '../common/env.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { knownCidr } from '../rows/recorded.ts';
import { recordedSegment } from '../rows/segment.ts';
import { vpcOf } from '../vpc/index.ts';
import { subnetRanges } from './ranges.ts';
import { infrastructureMacs } from './segment.ts';

/** Restores the address pool of a Subnet, and its range in the VPC. */
export function adoptSubnet(sources: PoolSources, subnet: Subnet): readonly PoolConflict[] {
  const { stores, pools, writer } = sources;
  const { uid } = subnet.metadata;
  const cidr = knownCidr(writer, subnet, 'Logical_Switch');
  if (cidr === undefined) return [];
  const ranges = subnetRanges(subnet, cidr);
  // If the ranges are invalid now, the pool still holds the addresses in use.
  const pool = pools.configureSubnet(uid, cidr, ranges.ok ? ranges.value : { text: '' });
  const key = adoptSegment(sources, subnet);
  if (key !== undefined) pools.segments.join(key, pool, infrastructureMacs(uid));
  const vpc = vpcOf(stores, subnet);
  const within = vpc && knownCidr(writer, vpc, 'Logical_Router');
  if (vpc === undefined || within === undefined) return [];
  pools.setParent(uid, vpc.metadata.uid);
  const { ok } = pools.subnetBlocks(vpc.metadata.uid, within).adopt(uid, cidr);
  return ok ? [] : [{ kind: 'Subnet', uid, value: formatCidr(cidr) }];
}

/** Restores the hold of a deleted Subnet on the segment to which its rows connect. */
export function adoptSubnetOrphan({ pools, writer }: PoolSources, { uid }: Owner): readonly PoolConflict[] {
  const recorded = recordedSegment(writer, uid);
  if (recorded !== undefined) pools.segments.holdAsSubnet(segmentKey(recorded), uid, '');
  return [];
}

/**
 * Restores the hold of a Subnet on its segment: the segment in its rows, or, if the database was lost, in its status.
 *
 * @returns the key of the segment
 */
function adoptSegment({ stores, pools, writer }: PoolSources, { metadata, spec, status }: Subnet) {
  const { uid } = metadata;
  const isInRows = writer.ownedBy(uid).length > 0;
  const before = status?.segment;
  const physicalNetwork = stores.ProviderNetwork.get(before?.name ?? '')?.spec.physicalNetwork;
  const inStatus = physicalNetwork === undefined ? undefined : { physicalNetwork, vlanID: before?.vlanID };
  const segment = isInRows ? recordedSegment(writer, uid) : inStatus;
  if (segment === undefined) return undefined;
  const key = segmentKey(segment);
  pools.segments.holdAsSubnet(key, uid, spec.provider?.networkRef?.name ?? '');
  return key;
}
