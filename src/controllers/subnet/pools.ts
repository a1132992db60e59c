import { formatCidr, parseCidr, type Subnet } from '../../api/index.ts';
import type { PoolSources } from '../common/env.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { recordedCidr } from '../rows/recorded.ts';
import { statedRange, vpcOf } from '../vpc/index.ts';
import { subnetRanges } from './ranges.ts';

/** Restores a Subnet's address pool, and its range in the VPC. */
export function adoptSubnet({ stores, pools, writer }: PoolSources, subnet: Subnet): readonly PoolConflict[] {
  const { uid } = subnet.metadata;
  const cidr = statedCidr(writer, subnet);
  if (cidr === undefined) return [];
  const ranges = subnetRanges(subnet, cidr);
  // With ranges that are invalid now, the pool holds the addresses in use all the same.
  pools.configureSubnet(uid, cidr, ranges.ok ? ranges.value : { text: '' });
  const vpc = vpcOf(stores, subnet);
  const within = vpc && statedRange(writer, vpc);
  if (vpc === undefined || within === undefined) return [];
  pools.setParent(uid, vpc.metadata.uid);
  const { ok } = pools.subnetBlocks(vpc.metadata.uid, within).adopt(uid, cidr);
  return ok ? [] : [{ kind: 'Subnet', uid, value: formatCidr(cidr) }];
}

/** The range in a Subnet's status, else the range that its switch is marked with. */
function statedCidr(writer: PoolSources['writer'], { metadata, status }: Subnet) {
  if (status?.cidr === undefined) return recordedCidr(writer, metadata.uid, 'Logical_Switch');
  const cidr = parseCidr(status.cidr, { family: 4 });
  return cidr.ok ? cidr.value : undefined;
}
