import { computeMac, type PortDHCP, type SubnetDHCP } from '../../api/index.ts';
import { and, ip, number, row, type DesiredRow, type Match } from '../../ovn/index.ts';
import { dhcpUuid } from './names.ts';
import type { NetworkSettings } from '../settings.ts';

/** What a DHCP answer says (ovn-nb(5), DHCP_Options). */
export interface DhcpFacts {
  readonly cidr: string;
  readonly gatewayIP: string | undefined;
  readonly mtu: number;
  readonly dhcp: SubnetDHCP;
  /** Whether machines are told the way to the metadata service. */
  readonly metadata: boolean;
}

/** Where machines look for the metadata service (the convention of EC2, OpenStack and others). */
export const METADATA_ADDRESS = '169.254.169.254';

/** Stands for the server where the Subnet has no gateway: link-local, so that it is nobody's address. */
const SERVER_WITHOUT_GATEWAY = METADATA_ADDRESS;

/** The address of a Subnet's DHCP server, to which machines send the renewals of their leases. */
export const dhcpServer = (gatewayIP: string | undefined): string => gatewayIP ?? SERVER_WITHOUT_GATEWAY;

/** What a machine sends to a DHCP server (RFC 2131 §4.1) at this address. */
export const dhcpRequest = (to: string): Match =>
  and(ip(4, 'dst', [to]), number('udp.src', 68), number('udp.dst', 67));

/**
 * The row of DHCP options of an owner: a Subnet, or a Port that overrides some. The server's MAC goes with the
 * Subnet, so that a machine sees one server whichever row answers it.
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

/** What a Subnet's DHCP server answers, with the administrator's settings where the Subnet says nothing. */
export function effectiveDhcp(
  spec: SubnetDHCP,
  { dnsServers }: Pick<NetworkSettings, 'dnsServers'>,
): SubnetDHCP {
  return { dnsServers, ...spec };
}

/** The Subnet's options with what the Port says in their place. */
export function mergeDhcp(subnet: SubnetDHCP, port: PortDHCP = {}): SubnetDHCP {
  return { ...subnet, ...port };
}

/** Whether the Port needs a row of its own. */
export function overridesOptions({ mode: _mode, ...options }: PortDHCP = {}): boolean {
  return Object.keys(options).length > 0;
}

/**
 * Option 121 (RFC 3442): the metadata service is on the link (next hop 0.0.0.0), so it costs no address of the
 * Subnet. The default route stands here again, since clients that take this option ignore option 3.
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
