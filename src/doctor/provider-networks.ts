/** Checks whether the hosts of Ports have the physical networks of their Subnets. */
import { resources, type Port, type ProviderNetwork, type Subnet } from '../api/index.ts';
import type { SouthboundFacts } from '../ovn/index.ts';
import { refKey } from '../reconcile/index.ts';
import { listNames, ok, warning, type Finding } from './finding.ts';
import { labelOf, type Listing } from './objects.ts';

const check = 'Physical networks';

/** Returns the physical network to which OVN connects a Subnet; undefined for a Subnet without a connection. */
export function physicalNetworkOf({ of }: Listing, { status }: Subnet): string | undefined {
  const networks = of(resources.ProviderNetwork.kind) as readonly ProviderNetwork[];
  return networks.find(({ metadata }) => metadata.name === status?.segment?.name)?.spec.physicalNetwork;
}

/** Returns no finding when no Subnet is connected to a physical network. */
export function evaluateProviderNetworks(listing: Listing, { hosts, ports }: SouthboundFacts): Finding[] {
  const connected = new Map<string, string>();
  for (const subnet of listing.of(resources.Subnet.kind) as readonly Subnet[]) {
    const network = physicalNetworkOf(listing, subnet);
    if (network !== undefined) connected.set(refKey(subnet.metadata), network);
  }
  if (connected.size === 0) return [];
  const cut = (listing.of(resources.Port.kind) as readonly Port[]).flatMap((port) => {
    const { namespace = '', uid } = port.metadata;
    const network = connected.get(refKey({ namespace, name: port.spec.subnetRef.name }));
    const host = hosts.find(({ name }) => name === ports.get(uid));
    if (network === undefined || host === undefined || host.physicalNetworks.includes(network)) return [];
    return [`${labelOf(port)} (no bridge mapping for ${network} on ${host.name})`];
  });
  if (cut.length === 0)
    return [ok(check, 'Every host with a Port on a physical network has the required bridge mapping.')];
  return [
    warning(
      check,
      `${cut.length} Ports do not reach the physical network of their Subnet: ${listNames(cut)}.`,
      'Set `external_ids:ovn-bridge-mappings` in Open vSwitch on these hosts, or move the VMs to hosts with the mapping.',
    ),
  ];
}
