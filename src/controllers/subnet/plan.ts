import {
  computeMac,
  formatAddress,
  formatCidr,
  type Address,
  type Cidr,
  type SubnetDHCP,
  type Subnet,
} from '../../api/index.ts';
import {
  member,
  nothing,
  row,
  rowUuid,
  symbol,
  type DesiredRow,
  type DesiredState,
} from '../../ovn/index.ts';
import { aclRow, priority } from '../rows/acl.ts';
import { dhcpRequest, dhcpRow, dhcpServer, METADATA_ADDRESS } from '../rows/dhcp.ts';
import { isolationRows } from '../rows/isolation.ts';
import { CIDR_MARK, routerUuid, switchName, switchUuid } from '../rows/names.ts';

/** What a Subnet's rows are made of besides its spec. */
export interface SubnetFacts {
  readonly vpcUid: string;
  readonly cidr: Cidr;
  readonly gateway: Address | undefined;
  /** In bytes. */
  readonly mtu: number;
  readonly dhcp: SubnetDHCP;
}

/** The rows of a Subnet: its switch, how it is connected to the router and to a physical network, DHCP, and its isolation. */
export function planSubnet(subnet: Subnet, facts: SubnetFacts): DesiredState {
  const { uid } = subnet.metadata;
  const cidr = formatCidr(facts.cidr);
  const { dhcp } = facts;
  const hasMetadata = subnet.spec.metadata === 'Enabled';
  const gatewayIP = facts.gateway === undefined ? undefined : formatAddress(facts.gateway);
  const parts = [
    only(
      row('Logical_Switch', switchUuid(uid), { name: switchName(uid), external_ids: { [CIDR_MARK]: cidr } }),
    ),
    gatewayIP === undefined ? nothing : connection(subnet, facts, `${gatewayIP}/${facts.cidr.prefix}`),
    physical(subnet),
    dhcp.mode === 'Enabled'
      ? only(dhcpRow(uid, uid, { cidr, gatewayIP, mtu: facts.mtu, dhcp, metadata: hasMetadata }))
      : nothing,
    renewals(uid, dhcpServer(gatewayIP)),
    hasMetadata ? metadataPort(uid) : nothing,
    isolationRows(uid, facts.cidr),
  ];
  return {
    rows: parts.flatMap(({ rows }) => rows),
    memberships: parts.flatMap(({ memberships }) => memberships),
  };
}

/** The router's port in the Subnet, and the switch's towards it. */
function connection(
  { metadata: { uid }, spec }: Subnet,
  { vpcUid }: SubnetFacts,
  network: string,
): DesiredState {
  const name = symbol(uid, 'gateway');
  const routerPort = row('Logical_Router_Port', rowUuid(uid, 'router-port'), {
    name,
    mac: computeMac(uid, 'gateway'),
    networks: [network],
    // On a physical network all that comes in enters at one host; what goes out leaves from each, with its own MAC.
    options: spec.provider === undefined ? {} : { 'reside-on-redirect-chassis': 'true' },
  });
  const switchPort = row('Logical_Switch_Port', rowUuid(uid, 'switch-port'), {
    name: symbol(uid, 'router'),
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

/** The switch's port towards a physical network. */
function physical({ metadata: { uid }, spec: { provider } }: Subnet): DesiredState {
  if (provider === undefined) return nothing;
  const port = row('Logical_Switch_Port', rowUuid(uid, 'localnet'), {
    name: symbol(uid, 'localnet'),
    type: 'localnet',
    addresses: ['unknown'],
    tag_request: provider.vlanID,
    options: { network_name: provider.physicalNetwork },
  });
  return { rows: [port], memberships: [member('Logical_Switch', switchUuid(uid), 'ports', port.uuid)] };
}

/**
 * Lets renewals of leases get to the DHCP server from every Port of the switch, whatever forbids the rest. Here, since
 * the groups in which Ports are know no Subnet.
 */
function renewals(uid: string, server: string): DesiredState {
  const acl = aclRow(uid, {
    direction: 'from-lport',
    priority: priority.policyInfrastructure,
    match: dhcpRequest(server),
    action: 'allow',
  });
  return { rows: [acl], memberships: [member('Logical_Switch', switchUuid(uid), 'acls', acl.uuid)] };
}

/** The metadata service's port: one on each hypervisor, and nothing leaves it (ovn-nb(5), localport). */
function metadataPort(uid: string): DesiredState {
  const port = row('Logical_Switch_Port', rowUuid(uid, 'metadata'), {
    name: symbol(uid, 'metadata'),
    type: 'localport',
    addresses: [`${computeMac(uid, 'metadata')} ${METADATA_ADDRESS}`],
  });
  return { rows: [port], memberships: [member('Logical_Switch', switchUuid(uid), 'ports', port.uuid)] };
}

const only = (...rows: readonly DesiredRow[]): DesiredState => ({ rows, memberships: [] });
