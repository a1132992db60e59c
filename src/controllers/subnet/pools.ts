import { formatCidr, segmentKey, type Cidr, type Subnet } from '../../api/index.ts';
import type { Owner } from '../../ovn/index.ts';
import type { PoolSources } from '../common/env.ts';
import { recordedAddress } from '../pools/adopt-external.ts';
import { holdOnly, settingsFrom, type PoolSettings } from '../pools/pool-settings.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { routerUuid } from '../rows/names.ts';
import { knownCidr, recordedCidr, recordedRanges } from '../rows/recorded.ts';
import { recordedSegment } from '../rows/segment.ts';
import { vpcOf, vpcsOf } from '../vpc/index.ts';
import { subnetRanges } from './ranges.ts';
import { infrastructureMacs } from './segment.ts';

/** Restores the address pool of a Subnet, and its range in the VPC. */
export function adoptSubnet(sources: PoolSources, subnet: Subnet): readonly PoolConflict[] {
  const { stores, pools, writer } = sources;
  const { uid } = subnet.metadata;
  const cidr = knownCidr(writer, subnet, 'Logical_Switch');
  if (cidr === undefined) return [];
  const pool = pools.configureSubnet(uid, cidr, rangesInEffect(writer, subnet, cidr));
  const key = adoptSegment(sources, subnet);
  if (key !== undefined) pools.segments.join(key, pool, infrastructureMacs(uid));
  const vpc = vpcOf(stores, subnet);
  const within = vpc && knownCidr(writer, vpc, 'Logical_Router');
  if (vpc === undefined || within === undefined) return [];
  pools.setParent(uid, vpc.metadata.uid);
  const { ok } = pools.subnetBlocks(vpc.metadata.uid, within).adopt(uid, cidr);
  return ok ? [] : [{ kind: 'Subnet', uid, value: formatCidr(cidr) }];
}

/** Returns the ranges in the rows of a Subnet; otherwise those in its spec, of which the pool holds at least the gateway. */
function rangesInEffect(writer: PoolSources['writer'], subnet: Subnet, cidr: Cidr): PoolSettings {
  const recorded = settingsFrom(cidr, recordedRanges(writer, subnet.metadata.uid));
  if (recorded !== undefined) return recorded;
  const ranges = subnetRanges(subnet, cidr);
  return ranges.ok ? ranges.value : holdOnly(cidr, recordedAddress(subnet.status?.gatewayIP));
}

/** Restores the holds of a deleted Subnet: the segment to which its rows connect, and its range on the router. */
export function adoptSubnetOrphan(
  { stores, pools, writer }: PoolSources,
  { uid, namespace }: Owner,
): readonly PoolConflict[] {
  const recorded = recordedSegment(writer, uid);
  if (recorded !== undefined) pools.segments.holdAsSubnet(segmentKey(recorded), uid, '');
  const cidr = recordedCidr(writer, uid, 'Logical_Switch');
  const routers = new Set(writer.membershipsOf(uid).map(({ row }) => row));
  const vpc = [...vpcsOf(stores, namespace)].find(({ metadata }) => routers.has(routerUuid(metadata.uid)));
  const within = vpc && knownCidr(writer, vpc, 'Logical_Router');
  if (cidr === undefined || vpc === undefined || within === undefined) return [];
  pools.setParent(uid, vpc.metadata.uid);
  pools.subnetBlocks(vpc.metadata.uid, within).adopt(uid, cidr);
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
