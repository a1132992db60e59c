import { formatCidr, type Cidr, type ExternalNetwork } from '../../api/index.ts';
import { member, row, rowUuid, symbol, type DesiredState } from '../../ovn/index.ts';
import { privateSourceFilter } from '../rows/external-filter.ts';
import { CIDR_MARK, switchName, switchUuid } from '../rows/names.ts';

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
    name: symbol(uid, 'localnet'),
    type: 'localnet',
    addresses: ['unknown'],
    tag_request: spec.vlanID,
    options: { network_name: spec.physicalNetwork },
  });
  const { routedRanges = [], privateSources = [] } = spec;
  const filter = privateSourceFilter(uid, [formatCidr(cidr), ...routedRanges, ...privateSources]);
  return {
    rows: [ownSwitch, localnet, ...filter.rows],
    memberships: [member('Logical_Switch', ownSwitch.uuid, 'ports', localnet.uuid), ...filter.memberships],
  };
}
