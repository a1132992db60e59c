import { computeMac, type PortDHCP, type SubnetDHCP } from '../../api/index.ts';
import { and, ip, number, row, type DesiredRow, type Match } from '../../ovn/index.ts';
import { dhcpUuid } from './names.ts';
import type { NetworkSettings } from '../settings.ts';

/** The content of a DHCP answer (ovn-nb(5), table DHCP_Options). */
interface DhcpFacts {
  readonly cidr: string;
  readonly gatewayIP: string | undefined;
  readonly mtu: number;
  readonly dhcp: SubnetDHCP;
  /** Whether the answer contains the route to the metadata service. */
  readonly metadata: boolean;
}

/** The address of the metadata service (the convention of EC2, OpenStack and others). */
export const METADATA_ADDRESS = '169.254.169.254';

/** The server address in a Subnet without gateway: a link-local address, which no VM has. */
const SERVER_WITHOUT_GATEWAY = METADATA_ADDRESS;

/** Returns the address of a Subnet's DHCP server, to which VMs send the renewals of their leases. */
export const dhcpServer = (gatewayIP: string | undefined): string => gatewayIP ?? SERVER_WITHOUT_GATEWAY;

/** Matches DHCP requests to the server at this address (RFC 2131 §4.1). */
export const dhcpRequest = (to: string): Match =>
  and(ip(4, 'dst', [to]), number('udp.src', 68), number('udp.dst', 67));

/**
 * Returns the DHCP options of an owner: a Subnet, or a Port that overrides some options. The MAC address of the
 * server is a function of the Subnet, so that a VM sees one server, whichever row answers.
 */
export function dhcpRow(
  ownerUid: string,
  subnetUid: string,
  { cidr, gatewayIP, mtu, dhcp, metadata }: DhcpFacts,
): DesiredRow {
  const { dnsServers = [], ntpServers = [], domainName } = dhcp;
  return row('DHCP_Options', dhcpUuid(ownerUid), {
    cidr,
    options: {
      server_id: dhcpServer(gatewayIP),
      server_mac: computeMac(subnetUid, 'gateway'),
      lease_time: String(dhcp.leaseSeconds),
      mtu: String(mtu),
      ...(gatewayIP === undefined ? {} : { router: gatewayIP }),
      ...(dnsServers.length === 0 ? {} : { dns_server: addressList(dnsServers) }),
      ...(ntpServers.length === 0 ? {} : { ntp_server: addressList(ntpServers) }),
      ...(domainName === undefined ? {} : { domain_name: `"${domainName}"` }),
      ...(metadata ? { classless_static_route: metadataRoutes(gatewayIP) } : {}),
    },
  });
}

/** Returns the DHCP options of a Subnet. The administrator's settings apply where the Subnet sets nothing. */
export function effectiveDhcp(
  spec: SubnetDHCP,
  { dnsServers }: Pick<NetworkSettings, 'dnsServers'>,
): SubnetDHCP {
  return { dnsServers, ...spec };
}

/** Returns the options of the Subnet, replaced by the options that the Port sets. */
export function mergeDhcp(subnet: SubnetDHCP, port: PortDHCP = {}): SubnetDHCP {
  return { ...subnet, ...port };
}

/** Whether the Port needs its own row of DHCP options. */
export function overridesOptions({ mode: _mode, ...options }: PortDHCP = {}): boolean {
  return Object.keys(options).length > 0;
}

/**
 * Returns DHCP option 121 (RFC 3442). The metadata service is on the link (next hop 0.0.0.0), so it needs no address
 * of the Subnet. The option repeats the default route, because clients that use this option ignore option 3.
 */
function metadataRoutes(gatewayIP: string | undefined): string {
  const routes = [
    `${METADATA_ADDRESS}/32,0.0.0.0`,
    ...(gatewayIP === undefined ? [] : [`0.0.0.0/0,${gatewayIP}`]),
  ];
  return `{${routes.join(', ')}}`;
}

function addressList(addresses: readonly string[]): string {
  return addresses.length === 1 ? (addresses[0] as string) : `{${addresses.join(', ')}}`;
}
