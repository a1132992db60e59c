import { formatCidr, type ExternalNetwork } from '../../api/index.ts';
import { combined, row, type DesiredState } from '../../ovn/index.ts';
import { externalSegment } from '../common/segments.ts';
import { privateSourceFilter } from '../rows/external-filter.ts';
import { foreignNeighbours } from '../rows/foreign-neighbours.ts';
import { CIDR_MARK, RANGES_MARK, switchName, switchUuid } from '../rows/names.ts';
import { localnet } from '../rows/segment.ts';
import type { ExternalAddressing } from './ranges.ts';

/**
 * Returns the rows of an ExternalNetwork: a switch, its port to the physical network, and the filter for private
 * sources.
 */
export function planExternalNetwork(
  { metadata: { uid }, spec }: ExternalNetwork,
  { cidr, ranges }: ExternalAddressing,
): DesiredState {
  const ownSwitch = row('Logical_Switch', switchUuid(uid), {
    name: switchName(uid),
    external_ids: { [CIDR_MARK]: formatCidr(cidr), [RANGES_MARK]: ranges.text },
  });
  const { routedRanges = [], privateSources = [] } = spec;
  const range = formatCidr(cidr);
  return combined(
    { rows: [ownSwitch], memberships: [] },
    localnet(uid, externalSegment({ spec })),
    privateSourceFilter(uid, [range, ...routedRanges, ...privateSources]),
    foreignNeighbours(uid, range),
  );
}
