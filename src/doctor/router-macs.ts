/** Whether hosts have the MAC addresses that routers need of them on physical networks (docs/decisions/0045). */
import { parseMac, resources, type Subnet, type VPC } from '../api/index.ts';
import type { SouthboundFacts } from '../ovn/index.ts';
import { ok, some, warning, type Finding } from './finding.ts';
import { labelOf, type Listing } from './objects.ts';

const check = 'MAC addresses of routers';

type Host = SouthboundFacts['hosts'][number];

/** Nothing where no VPC with an external gateway routes to a provider Subnet, or where there are no hosts. */
export function judgeRouterMacs({ of }: Listing, { hosts }: SouthboundFacts): Finding[] {
  const routed = routedSubnets(of);
  const [example] = routed;
  if (example === undefined || hosts.length === 0) return [];
  const networks = [...new Set(routed.map(({ spec }) => spec.provider?.physicalNetwork ?? ''))].sort();
  const wrong = hosts.flatMap((host) => {
    const faults = networks.flatMap((network) => faultOf(host, network, hosts) ?? []);
    return faults.length === 0 ? [] : [`${host.name} (${faults.join(', ')})`];
  });
  if (wrong.length === 0) return [ok(check, `All hosts have one of their own on ${some(networks)}.`)];
  const mappings = networks.map((network) => `${network}:MAC`).join(',');
  return [
    warning(
      check,
      `${wrong.length} of ${hosts.length} hosts have none of their own on physical networks that VPCs route to (${labelOf(example)}), and machines there may not reach the physical ones: ${some(wrong, 20)}.`,
      `Run \`ovs-vsctl set Open_vSwitch . external_ids:ovn-chassis-mac-mappings=${mappings}\` on each of them, with other MAC addresses (locally administered, such as 02:00:00:00:01:0a) on every host, and with the mappings of other networks that it has already.`,
    ),
  ];
}

/** Provider Subnets that a router leads to, and that it has one gateway host for: without one OVN needs no mapping. */
function routedSubnets(of: Listing['of']): readonly Subnet[] {
  const outward = new Set(
    (of(resources.VPC.kind) as readonly VPC[])
      .filter(({ spec }) => spec.externalGateway !== undefined)
      .map(({ metadata }) => metadata.uid),
  );
  return (of(resources.Subnet.kind) as readonly Subnet[]).filter(
    ({ spec, status }) =>
      spec.provider !== undefined &&
      status?.gatewayIP !== undefined &&
      status.vpc !== undefined &&
      outward.has(status.vpc.uid),
  );
}

/** What is wrong with a host's MAC address on a network; undefined when nothing is. */
function faultOf(host: Host, network: string, hosts: readonly Host[]): string | undefined {
  const mac = macOn(host, network);
  if (mac === undefined) return `none on ${network}`;
  const twin = hosts.find((other) => other !== host && macOn(other, network) === mac);
  return twin && `that of ${twin.name} on ${network}`;
}

/** In lower case; undefined when there is none, or none that ovn-controller could use. */
function macOn({ macMappings }: Host, network: string): string | undefined {
  const parsed = parseMac(macMappings.get(network) ?? '');
  return parsed.ok ? parsed.value : undefined;
}
