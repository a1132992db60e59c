import { segmentKey, type ExternalNetwork, type Segment } from '../../api/index.ts';
import type { PoolSources } from '../common/env.ts';
import { externalSegment } from '../common/segments.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { recordedSegment } from '../rows/segment.ts';
import { externalAddressing } from './ranges.ts';
import { segmentProblem } from './segment.ts';

/**
 * Restores the segment and the address pool of an ExternalNetwork. A network that never had the segment gets a pool
 * only if it may have the segment.
 */
export function adoptExternalNetwork(
  sources: PoolSources,
  network: ExternalNetwork,
): readonly PoolConflict[] {
  const { pools } = sources;
  const { uid } = network.metadata;
  const known = knownSegment(sources, network);
  const key = known && segmentKey(known);
  if (key !== undefined) pools.segments.holdAsExternalNetwork(key, uid);
  const addressing = externalAddressing(network);
  if (!addressing.ok || (key === undefined && segmentProblem(sources, network) !== undefined)) return [];
  pools.external.configure(uid, addressing.value.cidr, addressing.value.ranges);
  if (key !== undefined) pools.external.join(uid, pools.segments, key);
  return [];
}

/**
 * Returns the segment in the rows of the network. If the database was lost and the status shows that OVN contained the
 * network, returns the segment in the spec.
 */
function knownSegment({ writer }: PoolSources, network: ExternalNetwork): Segment | undefined {
  const { uid } = network.metadata;
  if (writer.ownedBy(uid).length > 0) return recordedSegment(writer, uid);
  return network.status?.switchName === undefined ? undefined : externalSegment(network);
}
