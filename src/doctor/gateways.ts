/** Whether the hosts that ExternalNetworks name can carry their traffic. */
import { resources, type ExternalNetwork } from '../api/index.ts';
import type { SouthboundFacts } from '../ovn/index.ts';
import { ok, some, warning, type Finding } from './finding.ts';
import type { Listing } from './objects.ts';

const check = 'Gateway hosts';

/** Nothing where there is no ExternalNetwork. */
export function judgeGateways({ of }: Listing, { hosts }: SouthboundFacts): Finding[] {
  const networks = of(resources.ExternalNetwork.kind) as readonly ExternalNetwork[];
  if (networks.length === 0) return [];
  const useless = networks.flatMap(({ metadata: { name: network }, spec }) =>
    (spec.gatewayChassis.names ?? []).flatMap((name) => {
      const host = hosts.find((each) => each.name === name);
      if (host?.physicalNetworks.includes(spec.physicalNetwork) === true) return [];
      const why = host === undefined ? 'not known to OVN' : `no bridge mapping for ${spec.physicalNetwork}`;
      return [`${name} of ExternalNetwork ${network} (${why})`];
    }),
  );
  if (useless.length === 0) return [ok(check, 'All that ExternalNetworks name can carry their traffic.')];
  return [
    warning(
      check,
      `${useless.length} that are named are left out: ${some(useless)}.`,
      'Set `external_ids:ovn-bridge-mappings` in Open vSwitch there, or take them out of `gatewayChassis.names`.',
    ),
  ];
}
