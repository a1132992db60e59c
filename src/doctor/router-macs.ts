/** Checks whether each host has its own router MAC address on physical networks (docs/decisions/0045). */
import { parseMac, resources, type Subnet, type VPC } from '../api/index.ts';
import type { SouthboundFacts } from '../ovn/index.ts';
import { listNames, ok, warning, type Finding } from './finding.ts';
import { labelOf, type Listing } from './objects.ts';
import { physicalNetworkOf } from './provider-networks.ts';

const check = 'MAC addresses of routers';

type Host = SouthboundFacts['hosts'][number];

/** Returns no finding when OVN has no hosts, or when no VPC with an external gateway routes to a provider Subnet. */
export function evaluateRouterMacs(listing: Listing, { hosts }: SouthboundFacts): Finding[] {
  const routed = routedSubnets(listing.of);
  const [example] = routed;
  if (example === undefined || hosts.length === 0) return [];
  const networks = [...new Set(routed.map((subnet) => physicalNetworkOf(listing, subnet) ?? ''))].sort();
  const wrong = hosts.flatMap((host) => {
    const faults = networks.flatMap((network) => faultOf(host, network, hosts) ?? []);
    return faults.length === 0 ? [] : [`${host.name} (${faults.join(', ')})`];
  });
  if (wrong.length === 0)
    return [ok(check, `Every host has its own router MAC address on ${listNames(networks)}.`)];
  const mappings = networks.map((network) => `${network}:MAC`).join(',');
  return [
    warning(
      check,
      `${wrong.length} of ${hosts.length} hosts do not have their own router MAC address on physical networks that VPCs route to (${labelOf(example)}), so VMs on these hosts may not reach physical machines: ${listNames(wrong, 20)}.`,
      `Run \`ovs-vsctl set Open_vSwitch . external_ids:ovn-chassis-mac-mappings=${mappings}\` on each of these hosts. Use a different locally administered MAC address, such as 02:00:00:00:01:0a, on every host. Keep the existing mappings of other networks in the value.`,
    ),
  ];
}

/** Returns the routed provider Subnets of VPCs with a gateway host. OVN needs no mapping for the other VPCs. */
function routedSubnets(of: Listing['of']): readonly Subnet[] {
  const vpcsWithGateway = new Set(
    (of(resources.VPC.kind) as readonly VPC[])
      .filter(({ spec }) => spec.externalGateway !== undefined)
      .map(({ metadata }) => metadata.uid),
  );
  return (of(resources.Subnet.kind) as readonly Subnet[]).filter(
    ({ status }) =>
      status?.segment !== undefined &&
      status.gatewayIP !== undefined &&
      status.vpc !== undefined &&
      vpcsWithGateway.has(status.vpc.uid),
  );
}

/** Returns the fault of a host's MAC address on a network, or undefined. */
function faultOf(host: Host, network: string, hosts: readonly Host[]): string | undefined {
  const mac = macOn(host, network);
  if (mac === undefined) return `none on ${network}`;
  const twin = hosts.find((other) => other !== host && macOn(other, network) === mac);
  return twin && `same as ${twin.name} on ${network}`;
}

/** Returns the MAC address in lower case, or undefined when the mapping is missing or invalid for ovn-controller. */
function macOn({ macMappings }: Host, network: string): string | undefined {
  const parsed = parseMac(macMappings.get(network) ?? '');
  return parsed.ok ? parsed.value : undefined;
}
