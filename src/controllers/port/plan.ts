import { formatAddress, formatCidr, type Port } from '../../api/index.ts';
import {
  member,
  parseNetwork,
  row,
  subtractNetworks,
  SUBNET_MARK,
  type DesiredState,
  type Network,
} from '../../ovn/index.ts';
import { dhcpRow, mergeDhcp, overridesOptions } from '../rows/dhcp.ts';
import { dhcpUuid, dropGroupUuid, groupUuid, interfaceId, portUuid, switchUuid } from '../rows/names.ts';
import { networkOf } from '../rows/network.ts';
import { allowedSources } from '../rows/source-filter.ts';
import type { SubnetNetwork } from '../subnet/index.ts';
import type { Restrictions } from '../trafficpolicy/index.ts';
import type { Addressing } from './addressing.ts';
import { qosRows } from './qos.ts';

/** The facts, besides the spec, from which the rows of a Port follow. */
interface PortFacts extends Addressing {
  readonly network: SubnetNetwork;
  /** UIDs of its SecurityGroups in OVN. Groups that are not in OVN are omitted and allow nothing. */
  readonly groupUids: readonly string[];
  readonly restrictions: Restrictions;
}

/**
 * Returns the rows of a Port: its logical switch port with the memberships in switch and groups, its own DHCP
 * options, and its rate limits.
 */
export function planPort(port: Port, facts: PortFacts): DesiredState {
  const { spec, metadata } = port;
  const { network } = facts;
  const { subnet, vpc } = network;
  const dhcp = mergeDhcp(network.dhcp, spec.dhcp);
  // A Subnet without a DHCP server has no row of options.
  const own = dhcp.mode === 'Enabled' && (network.dhcp.mode !== 'Enabled' || overridesOptions(spec.dhcp));
  const optionsOwner = own ? metadata.uid : subnet.metadata.uid;
  const lsp = row('Logical_Switch_Port', portUuid(metadata.uid), {
    name: interfaceId(metadata.uid),
    addresses: addresses(port, facts),
    port_security: portSecurity(port, facts),
    // A disabled port sends and receives nothing (ovn-nb(5)).
    enabled: spec.adminState === 'Down' || facts.restrictions.excess !== undefined ? false : undefined,
    dhcpv4_options: dhcp.mode === 'Enabled' ? dhcpUuid(optionsOwner) : undefined,
    options: binding(spec.attachment),
    external_ids: { [SUBNET_MARK]: subnet.metadata.uid },
  });
  const qos = qosRows(port);
  const ownOptions = own
    ? [
        dhcpRow(metadata.uid, subnet.metadata.uid, {
          cidr: formatCidr(network.cidr),
          gatewayIP: network.gatewayIP,
          mtu: network.mtu,
          dhcp,
          metadata: subnet.spec.metadata === 'Enabled',
        }),
      ]
    : [];
  const filtered =
    spec.trafficFiltering === 'Disabled'
      ? []
      : [dropGroupUuid(vpc.metadata.uid), ...facts.groupUids.map(groupUuid)];
  const groups = [...filtered, ...facts.restrictions.groups];
  const ownSwitch = switchUuid(subnet.metadata.uid);
  const sources = allowedSources(
    metadata.uid,
    { vpcUid: vpc.metadata.uid, subnetUid: subnet.metadata.uid },
    network.gatewayIP === undefined ? [] : acceptedSources(facts),
  );
  return {
    rows: [lsp, ...ownOptions, ...qos, ...sources.rows],
    memberships: [
      ...sources.memberships,
      member('Logical_Switch', ownSwitch, 'ports', lsp.uuid),
      ...qos.map(({ uuid }) => member('Logical_Switch', ownSwitch, 'qos_rules', uuid)),
      ...groups.map((group) => member('Port_Group', group, 'ports', lsp.uuid)),
    ],
  };
}

/**
 * Returns the addresses of the Port that the router accepts in addition to those of the Subnet: additional addresses
 * outside the range of the VPC. Inside, an address belongs to one Subnet. On a shared link, the router accepts no
 * address of the Subnet as a whole, so the result contains all addresses of the Port.
 */
function acceptedSources({
  network: { vpcRange, isShared },
  address,
  allowed,
}: PortFacts): readonly Network[] {
  const additional = allowed.map(({ network }) => networkOf(network));
  if (isShared) return [parseNetwork(formatAddress(address)), ...additional];
  const own = [networkOf(vpcRange)];
  return additional.flatMap((each) => subtractNetworks(each, own));
}

/**
 * Returns the addresses that the switch delivers to the port: normally only its own address. With a shared MAC
 * address, `unknown` is added: the switch then also delivers frames to addresses without a port, because a MAC
 * address of two ports would go to only one of them. Port security then admits frames to the shared addresses only.
 * Without spoofing protection, `unknown` is added because the VM may be a switch or a router.
 */
function addresses({ spec }: Port, { mac, address, allowed }: PortFacts): readonly string[] {
  const usesOnlyOwnMac =
    spec.spoofingProtection !== 'Disabled' && allowed.every((each) => (each.mac ?? mac) === mac);
  return [`${mac} ${formatAddress(address)}`, ...(usesOnlyOwnMac ? [] : ['unknown'])];
}

/**
 * Returns the addresses that the VM may send from and receive (ovn-nb(5), port_security): `MAC IP…` for each MAC
 * address that the VM may use.
 */
function portSecurity({ spec }: Port, { mac, address, allowed }: PortFacts): readonly string[] {
  if (spec.spoofingProtection === 'Disabled') return [];
  const byMac = new Map([[mac, [formatAddress(address)]]]);
  for (const { network, mac: shared } of allowed) {
    for (const each of new Set([mac, shared ?? mac]))
      byMac.set(each, [...(byMac.get(each) ?? []), formatCidr(network)]);
  }
  if (spec.spoofingProtection === 'MACOnly') return [...byMac.keys()];
  return [...byMac].map(([each, ips]) => [each, ...ips].join(' '));
}

/**
 * Returns the options that select the host of the port. During a migration the port is on both hosts; it becomes
 * active on the target with the first RARP of the VM.
 */
function binding(attachment: Port['spec']['attachment']): Readonly<Record<string, string>> {
  if (attachment?.host === undefined) return {};
  const { host, migrationTargetHost } = attachment;
  if (migrationTargetHost === undefined) return { 'requested-chassis': host };
  return { 'requested-chassis': `${host},${migrationTargetHost}`, 'activation-strategy': 'rarp' };
}
