import {
  containsAddress,
  containsCidr,
  firstAddress,
  formatAddress,
  formatCidr,
  lastAddress,
  overlaps,
  parseCidr,
  parseMac,
  type Address,
  type Cidr,
  type Port,
} from '../../api/index.ts';
import { bad, collect, fromParsed, good, type Checked } from '../common/problem.ts';
import { specialNetworks } from '../common/special-networks.ts';

/** Additional addresses that a VM may use, as a CIDR, and the additional MAC address for them. */
export interface Allowed {
  readonly network: Cidr;
  readonly mac: string | undefined;
}

/** The networks that decide which additional addresses a VM may use. */
export interface AddressScope {
  readonly subnet: Cidr;
  readonly gateway: Address | undefined;
  readonly vpc: Cidr;
  /** Networks outside the VPC that its router reaches directly, and what they are, with an article. */
  readonly around: readonly { readonly network: Cidr; readonly name: string }[];
}

export function parseAllowed({ allowedAddresses = [] }: Port['spec']): Checked<readonly Allowed[]> {
  return collect(
    allowedAddresses.map(({ cidr: text, mac }, index) => {
      const field = `spec.allowedAddresses[${index}]`;
      const cidr = fromParsed(parseCidr(text, { family: 4 }), `${field}.cidr`);
      if (!cidr.ok) return cidr;
      const parsed = mac === undefined ? undefined : parseMac(mac);
      if (parsed?.ok === false) return bad('InvalidMAC', `${field}.mac: ${parsed.message}.`);
      return good({ network: cidr.value, mac: parsed?.value });
    }),
  );
}

/**
 * Whether OVN checks the IP addresses that a VM uses. Otherwise the VM may use any on the link, and the CIDRs have an
 * effect only at the router.
 */
export const checksAddresses = ({ spoofingProtection }: Pick<Port['spec'], 'spoofingProtection'>): boolean =>
  spoofingProtection !== 'MACOnly' && spoofingProtection !== 'Disabled';

/**
 * Whether an entry in the Subnet holds its addresses, so that no Port has one of them as its own. Without a check of
 * OVN, a wider entry names no address in particular, but a single address is a virtual address.
 */
export const holdsAddresses = (spec: Pick<Port['spec'], 'spoofingProtection'>, network: Cidr): boolean =>
  checksAddresses(spec) || network.prefix === 32;

/**
 * Returns why a Port may not have additional addresses of `network`, as the end of a sentence; undefined if it may.
 * Addresses of the VPC outside the Subnet belong to other Ports, present or future.
 */
export function refusedAddresses(
  spec: Port['spec'],
  network: Cidr,
  { subnet, gateway, vpc, around }: AddressScope,
): string | undefined {
  const found = specialNetworks.find((each) => overlaps(network, each.network));
  if (found !== undefined) return `contains ${found.name}`;
  if (containsCidr(subnet, network))
    return holdsAddresses(spec, network) ? ofNetworkItself(network, subnet, gateway) : undefined;
  if (checksAddresses(spec) && overlaps(network, vpc))
    return `contains addresses of the VPC (${formatCidr(vpc)}) outside the Subnet (${formatCidr(subnet)})`;
  const other = around.find((each) => overlaps(network, each.network));
  return other && `contains addresses of ${other.name} (${formatCidr(other.network)})`;
}

/** Returns the address in `network` that belongs to the Subnet itself. */
function ofNetworkItself(network: Cidr, subnet: Cidr, gateway: Address | undefined): string | undefined {
  const reserved = [
    [gateway, 'gateway and DHCP server'],
    [firstAddress(subnet), 'network address'],
    [lastAddress(subnet), 'broadcast address'],
  ] as const;
  for (const [address, name] of reserved) {
    if (address !== undefined && containsAddress(network, address))
      return `contains ${formatAddress(address)}, the ${name} of the Subnet`;
  }
  return undefined;
}

/** Returns the networks in the Subnet that a Port's spec wants to share, before the check of other Ports' addresses. */
export function sharedNetworks(
  spec: Port['spec'],
  subnet: Cidr,
  gateway: Address | undefined,
): readonly Cidr[] {
  const allowed = parseAllowed(spec);
  if (!allowed.ok) return [];
  return allowed.value
    .map(({ network }) => network)
    .filter(
      (network) =>
        holdsAddresses(spec, network) &&
        containsCidr(subnet, network) &&
        ofNetworkItself(network, subnet, gateway) === undefined,
    );
}
