import {
  computeMac,
  formatAddress,
  formatCidr,
  type Cidr,
  type Segment,
  type SubnetDHCP,
  type Subnet,
} from '../../api/index.ts';
import {
  combined,
  member,
  nothing,
  parseNetwork,
  row,
  rowUuid,
  symbol,
  type DesiredRow,
  type DesiredState,
  type Network,
} from '../../ovn/index.ts';
import { aclRow, aclsOn, priority } from '../rows/acl.ts';
import { dhcpRequest, dhcpRow, dhcpServer, METADATA_ADDRESS } from '../rows/dhcp.ts';
import { connectionLimit } from '../rows/connections.ts';
import { controlPlanePolicy } from '../rows/control-plane.ts';
import { isolationRows } from '../rows/isolation.ts';
import {
  CIDR_MARK,
  RANGES_MARK,
  routerPortName,
  routerUuid,
  switchName,
  switchRouterPortName,
  switchUuid,
} from '../rows/names.ts';
import { sourceFilter } from '../rows/source-filter.ts';
import { localnet } from '../rows/segment.ts';
import { switchLimits } from '../rows/switch-limits.ts';
import type { PoolSettings } from '../pools/pool-settings.ts';
import type { HostLimits } from '../settings.ts';

/**
 * The switch forgets the MAC addresses of machines behind a Port without spoofing protection, in seconds. Switches use
 * the same time (IEEE 802.1Q, 8.8.3). OVN 23.09 and newer.
 */
const FDB_AGE_SECONDS = 300;

/** The facts, besides the spec, from which the rows of a Subnet follow. */
interface SubnetFacts {
  readonly vpcUid: string;
  readonly cidr: Cidr;
  readonly ranges: PoolSettings;
  /** Whether Subnets of other tenants may be on the same link. */
  readonly isShared: boolean;
  /** The networks that static routes of the VPC reach through the Subnet. */
  readonly routed: readonly Network[];
  /** In bytes. */
  readonly mtu: number;
  /** The MTU of Subnets that have no MTU of their own, in bytes. */
  readonly overlayMtu: number;
  readonly dhcp: SubnetDHCP;
  readonly hostLimits: HostLimits;
  /** The segment of a physical network to which the Subnet may be connected. */
  readonly segment: Segment | undefined;
}

/**
 * Returns the rows of a Subnet: its switch, the connections to the router and to a physical network, DHCP, and
 * isolation.
 */
export function planSubnet(subnet: Subnet, facts: SubnetFacts): DesiredState {
  const { uid } = subnet.metadata;
  const cidr = formatCidr(facts.cidr);
  const { dhcp } = facts;
  const hasMetadata = subnet.spec.metadata === 'Enabled';
  const { gateway } = facts.ranges;
  const gatewayIP = gateway === undefined ? undefined : formatAddress(gateway);
  const parts = [
    only(
      row('Logical_Switch', switchUuid(uid), {
        name: switchName(uid),
        copp: controlPlanePolicy(facts.vpcUid, facts.hostLimits),
        other_config: {
          fdb_age_threshold: String(FDB_AGE_SECONDS),
          ...connectionLimit(facts.hostLimits.connectionsPerPort),
        },
        external_ids: { [CIDR_MARK]: cidr, [RANGES_MARK]: facts.ranges.text },
      }),
    ),
    ...(gatewayIP === undefined
      ? []
      : [
          connection(subnet, facts, `${gatewayIP}/${facts.cidr.prefix}`),
          sourceFilter(
            { vpcUid: facts.vpcUid, subnetUid: uid },
            parseNetwork(cidr),
            facts.routed,
            facts.isShared,
          ),
        ]),
    localnet(uid, facts.segment),
    dhcp.mode === 'Enabled'
      ? only(dhcpRow(uid, uid, { cidr, gatewayIP, mtu: facts.mtu, dhcp, metadata: hasMetadata }))
      : nothing,
    renewals(uid, dhcpServer(gatewayIP)),
    hasMetadata ? metadataPort(uid) : nothing,
    isolationRows(uid, facts.cidr),
    switchLimits(uid, facts.hostLimits),
  ];
  return combined(...parts);
}

/** Returns the router's port in the Subnet, and the switch's port to the router. */
function connection(
  { metadata: { uid }, spec }: Subnet,
  { vpcUid, mtu, overlayMtu }: SubnetFacts,
  network: string,
): DesiredState {
  const name = routerPortName(uid);
  const routerPort = row('Logical_Router_Port', rowUuid(uid, 'router-port'), {
    name,
    mac: computeMac(uid, 'gateway'),
    networks: [network],
    options: {
      // On a physical network, traffic from outside enters at one host. Traffic to outside leaves from each host, with
      // the MAC address of that host.
      ...(spec.provider !== undefined && { 'reside-on-redirect-chassis': 'true' }),
      // Machines of other Subnets send larger packets, until the router answers with ICMP (ovn-nb(5), gateway_mtu).
      ...(mtu < overlayMtu && { gateway_mtu: String(mtu) }),
    },
  });
  const switchPort = row('Logical_Switch_Port', rowUuid(uid, 'switch-port'), {
    name: switchRouterPortName(uid),
    type: 'router',
    addresses: ['router'],
    options: { 'router-port': name },
  });
  return {
    rows: [routerPort, switchPort],
    memberships: [
      member('Logical_Router', routerUuid(vpcUid), 'ports', routerPort.uuid),
      member('Logical_Switch', switchUuid(uid), 'ports', switchPort.uuid),
    ],
  };
}

/**
 * Returns an ACL that admits renewals of leases from every Port of the switch to the DHCP server, above all drops.
 * The ACL is on the switch, because the groups of Ports do not depend on a Subnet.
 */
function renewals(uid: string, server: string): DesiredState {
  const acl = aclRow(uid, {
    direction: 'from-lport',
    priority: priority.policyInfrastructure,
    match: dhcpRequest(server),
    action: 'allow',
  });
  return aclsOn('Logical_Switch', switchUuid(uid), [acl]);
}

/**
 * Returns the port of the metadata service. Each hypervisor has an instance of it, and its traffic does not leave the
 * hypervisor (ovn-nb(5), localport).
 */
function metadataPort(uid: string): DesiredState {
  const port = row('Logical_Switch_Port', rowUuid(uid, 'metadata'), {
    name: symbol(uid, 'metadata'),
    type: 'localport',
    addresses: [`${computeMac(uid, 'metadata')} ${METADATA_ADDRESS}`],
  });
  return { rows: [port], memberships: [member('Logical_Switch', switchUuid(uid), 'ports', port.uuid)] };
}

const only = (...rows: readonly DesiredRow[]): DesiredState => ({ rows, memberships: [] });
