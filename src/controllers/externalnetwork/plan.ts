import { formatCidr, type Cidr, type ExternalNetwork } from '../../api/index.ts';
import { member, row, rowUuid, type DesiredState } from '../../ovn/index.ts';
import { privateSourceFilter } from '../rows/external-filter.ts';
import { foreignNeighbours } from '../rows/foreign-neighbours.ts';
import { CIDR_MARK, localnetName, switchName, switchUuid } from '../rows/names.ts';

/**
 * Returns the rows of an ExternalNetwork: a switch, its port to the physical network, and the filter for private
 * sources.
 */
export function planExternalNetwork({ metadata: { uid }, spec }: ExternalNetwork, cidr: Cidr): DesiredState {
  const ownSwitch = row('Logical_Switch', switchUuid(uid), {
    name: switchName(uid),
    external_ids: { [CIDR_MARK]: formatCidr(cidr) },
  });
  const localnet = row('Logical_Switch_Port', rowUuid(uid, 'localnet'), {
    name: localnetName(uid),
    type: 'localnet',
    addresses: ['unknown'],
    tag_request: spec.vlanID,
    options: { network_name: spec.physicalNetwork },
  });
  const { routedRanges = [], privateSources = [] } = spec;
  const range = formatCidr(cidr);
  const filters = [
    privateSourceFilter(uid, [range, ...routedRanges, ...privateSources]),
    foreignNeighbours(uid, range),
  ];
  return {
    rows: [ownSwitch, localnet, ...filters.flatMap(({ rows }) => rows)],
    memberships: [
      member('Logical_Switch', ownSwitch.uuid, 'ports', localnet.uuid),
      ...filters.flatMap(({ memberships }) => memberships),
    ],
  };
}
