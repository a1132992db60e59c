import { formatCidr, parseCidr, type Subnet } from '../../api/index.ts';
import type { PoolSources } from '../common/env.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { recordedCidr } from '../rows/recorded.ts';
import { knownRange, vpcOf } from '../vpc/index.ts';
import { subnetRanges } from './ranges.ts';

/** Restores the address pool of a Subnet, and its range in the VPC. */
export function adoptSubnet({ stores, pools, writer }: PoolSources, subnet: Subnet): readonly PoolConflict[] {
  const { uid } = subnet.metadata;
  const cidr = knownCidr(writer, subnet);
  if (cidr === undefined) return [];
  const ranges = subnetRanges(subnet, cidr);
  // If the ranges are invalid now, the pool still holds the addresses in use.
  pools.configureSubnet(uid, cidr, ranges.ok ? ranges.value : { text: '' });
  const vpc = vpcOf(stores, subnet);
  const within = vpc && knownRange(writer, vpc);
  if (vpc === undefined || within === undefined) return [];
  pools.setParent(uid, vpc.metadata.uid);
  const { ok } = pools.subnetBlocks(vpc.metadata.uid, within).adopt(uid, cidr);
  return ok ? [] : [{ kind: 'Subnet', uid, value: formatCidr(cidr) }];
}

/** Returns the range in a Subnet's status, otherwise the range in the mark of its switch. */
function knownCidr(writer: PoolSources['writer'], { metadata, status }: Subnet) {
  if (status?.cidr === undefined) return recordedCidr(writer, metadata.uid, 'Logical_Switch');
  const cidr = parseCidr(status.cidr, { family: 4 });
  return cidr.ok ? cidr.value : undefined;
}
