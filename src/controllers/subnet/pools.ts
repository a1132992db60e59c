import { formatCidr, type Subnet } from '../../api/index.ts';
import type { PoolSources } from '../common/env.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { knownCidr } from '../rows/recorded.ts';
import { vpcOf } from '../vpc/index.ts';
import { subnetRanges } from './ranges.ts';

/** Restores the address pool of a Subnet, and its range in the VPC. */
export function adoptSubnet({ stores, pools, writer }: PoolSources, subnet: Subnet): readonly PoolConflict[] {
  const { uid } = subnet.metadata;
  const cidr = knownCidr(writer, subnet, 'Logical_Switch');
  if (cidr === undefined) return [];
  const ranges = subnetRanges(subnet, cidr);
  // If the ranges are invalid now, the pool still holds the addresses in use.
  pools.configureSubnet(uid, cidr, ranges.ok ? ranges.value : { text: '' });
  const vpc = vpcOf(stores, subnet);
  const within = vpc && knownCidr(writer, vpc, 'Logical_Router');
  if (vpc === undefined || within === undefined) return [];
  pools.setParent(uid, vpc.metadata.uid);
  const { ok } = pools.subnetBlocks(vpc.metadata.uid, within).adopt(uid, cidr);
  return ok ? [] : [{ kind: 'Subnet', uid, value: formatCidr(cidr) }];
}
