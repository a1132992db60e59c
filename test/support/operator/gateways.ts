/** Simulated gateway hosts for ExternalNetworks. */
import { NorthboundView, wireMap } from './northbound.ts';

/** Creates chassis that map the physical network `physnet1`, like their ovn-controllers would. */
export async function addGatewayChassis(
  { remote }: { readonly remote: string },
  names: readonly string[],
): Promise<void> {
  const southbound = new NorthboundView(remote, 'OVN_Southbound');
  const rows = names.flatMap((name, index) => [
    {
      op: 'insert',
      table: 'Encap',
      'uuid-name': `encap${index}`,
      row: { type: 'geneve', ip: `127.0.1.${index + 1}`, chassis_name: name },
    },
    {
      op: 'insert',
      table: 'Chassis',
      row: {
        name,
        hostname: name,
        encaps: ['named-uuid', `encap${index}`],
        other_config: wireMap({
          'ovn-cms-options': 'enable-chassis-as-gw',
          'ovn-bridge-mappings': 'physnet1:br-ex',
        }),
      },
    },
  ]);
  await southbound.transact(...rows);
}
