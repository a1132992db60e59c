import {
  formatAddress,
  segmentKey,
  segmentText,
  type ExternalNetwork,
  type ProviderNetwork,
} from '../../api/index.ts';
import { AddressPool, commonAddress } from '../../ipam/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import { listNames } from '../common/deletion.ts';
import type { PoolSources } from '../common/env.ts';
import { isOlder } from '../common/oldest.ts';
import type { Problem } from '../common/problem.ts';
import { externalSegment, listsVlan } from '../common/segments.ts';
import { externalAddressing } from './ranges.ts';

type Sources = Pick<PoolSources, 'stores' | 'pools'>;

/**
 * Returns why an ExternalNetwork may not use its segment: Subnets use it, an older ProviderNetwork lists it, or an
 * older ExternalNetwork on it allocates the same addresses. An ExternalNetwork that holds its segment keeps it when a
 * ProviderNetwork starts to list it.
 */
export function segmentProblem(sources: Sources, network: ExternalNetwork): Problem | undefined {
  return (
    subnetConflict(sources, network) ?? listConflict(sources, network) ?? rangeConflict(sources, network)
  );
}

function subnetConflict({ stores, pools }: Sources, network: ExternalNetwork): Problem | undefined {
  const segment = externalSegment(network);
  const users = pools.segments.subnets(segmentKey(segment)).map((uid) => {
    const subnet = stores.Subnet.byUid(uid);
    return subnet === undefined ? 'a Subnet that the operator is removing' : `Subnet ${keyOf(subnet)}`;
  });
  if (users.length === 0) return undefined;
  const message =
    `Subnets use ${segmentText(segment)}: ${listNames(users)}. Delete these Subnets and remove the segment from ` +
    'their ProviderNetworks, or use another segment.';
  return { reason: 'SegmentConflict', message };
}

function listConflict({ stores, pools }: Sources, network: ExternalNetwork): Problem | undefined {
  const segment = externalSegment(network);
  if (pools.segments.holds(network.metadata.uid, segmentKey(segment))) return undefined;
  const listing: ProviderNetwork[] = [];
  for (const other of stores.ProviderNetwork.byIndex('physicalNetwork', segment.physicalNetwork))
    if (listsVlan(other, segment.vlanID) && isOlder(other, network)) listing.push(other);
  if (listing.length === 0) return undefined;
  const names = listNames(listing.map(({ metadata }) => metadata.name));
  const message =
    `Older ProviderNetworks allow Subnets to use ${segmentText(segment)}: ${names}. ` +
    'Remove the segment from these ProviderNetworks, or use another segment.';
  return { reason: 'SegmentConflict', message };
}

function rangeConflict({ stores }: Sources, network: ExternalNetwork): Problem | undefined {
  const segment = externalSegment(network);
  const own = poolOf(network);
  if (own === undefined) return undefined;
  for (const other of stores.ExternalNetwork.byIndex('segment', segmentKey(segment))) {
    if (other.metadata.uid === network.metadata.uid || !isOlder(other, network)) continue;
    const pool = poolOf(other);
    const common = pool && commonAddress(own, pool);
    if (common === undefined) continue;
    const message =
      `The older ExternalNetwork "${other.metadata.name}" on ${segmentText(segment)} also has the address ` +
      `${formatAddress(common)}; set allocationPools or reservedRanges so that the two networks have no common address.`;
    return { reason: 'CIDROverlap', message };
  }
  return undefined;
}

function poolOf(network: ExternalNetwork): AddressPool | undefined {
  const addressing = externalAddressing(network);
  return addressing.ok ? new AddressPool(addressing.value.cidr, addressing.value.ranges) : undefined;
}
