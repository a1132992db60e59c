/** Checks whether the gateway hosts of ExternalNetworks can carry the traffic of these networks. */
import { resources, type ExternalNetwork } from '../api/index.ts';
import type { SouthboundFacts } from '../ovn/index.ts';
import { listNames, ok, warning, type Finding } from './finding.ts';
import type { Listing } from './objects.ts';

const check = 'Gateway hosts';

/** Returns no finding when there is no ExternalNetwork. */
export function evaluateGateways({ of }: Listing, { hosts }: SouthboundFacts): Finding[] {
  const networks = of(resources.ExternalNetwork.kind) as readonly ExternalNetwork[];
  if (networks.length === 0) return [];
  const unusable = networks.flatMap(({ metadata: { name: network }, spec }) =>
    (spec.gatewayChassis.names ?? []).flatMap((name) => {
      const host = hosts.find((each) => each.name === name);
      if (host?.physicalNetworks.includes(spec.physicalNetwork) === true) return [];
      const why =
        host === undefined ? 'OVN has no such chassis' : `no bridge mapping for ${spec.physicalNetwork}`;
      return [`${name} of ExternalNetwork ${network} (${why})`];
    }),
  );
  if (unusable.length === 0)
    return [ok(check, 'All hosts in ExternalNetworks have the required bridge mapping.')];
  return [
    warning(
      check,
      `OVN does not use ${unusable.length} hosts in \`gatewayChassis.names\`: ${listNames(unusable)}.`,
      'Set `external_ids:ovn-bridge-mappings` in Open vSwitch on these hosts, or remove the hosts from `gatewayChassis.names`.',
    ),
  ];
}
