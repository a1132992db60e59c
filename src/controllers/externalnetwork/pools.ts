import { parseCidr, segmentKey, type ExternalNetwork, type Segment } from '../../api/index.ts';
import type { PoolSources } from '../common/env.ts';
import { externalSegment } from '../common/segments.ts';
import { holdOnly, settingsFrom } from '../pools/pool-settings.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { recordedCidr, recordedRanges } from '../rows/recorded.ts';
import { recordedSegment } from '../rows/segment.ts';
import { externalAddressing, type ExternalAddressing } from './ranges.ts';
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
  const addressing = addressingInEffect(sources, network, key !== undefined);
  if (addressing === undefined) return [];
  pools.external.configure(uid, addressing.cidr, addressing.ranges);
  if (key !== undefined) pools.external.join(uid, pools.segments, key);
  return [];
}

/**
 * Returns the addressing in the rows of the network. Without rows, returns the addressing in the spec; if that is not
 * valid, a network that OVN contained before keeps the addresses in use.
 */
function addressingInEffect(
  sources: PoolSources,
  network: ExternalNetwork,
  wasInOvn: boolean,
): Pick<ExternalAddressing, 'cidr' | 'ranges'> | undefined {
  const { uid } = network.metadata;
  const cidr = recordedCidr(sources.writer, uid, 'Logical_Switch');
  const ranges = cidr && settingsFrom(cidr, recordedRanges(sources.writer, uid));
  if (cidr !== undefined && ranges !== undefined) return { cidr, ranges };
  const addressing = externalAddressing(network);
  if (!wasInOvn)
    return addressing.ok && segmentProblem(sources, network) === undefined ? addressing.value : undefined;
  if (addressing.ok) return addressing.value;
  const range = parseCidr(network.spec.cidr, { family: 4 });
  return range.ok ? { cidr: range.value, ranges: holdOnly(range.value) } : undefined;
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
