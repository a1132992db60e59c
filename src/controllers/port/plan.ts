import { formatAddress, formatCidr, type Port } from '../../api/index.ts';
import { member, row, SUBNET_MARK, type DesiredState } from '../../ovn/index.ts';
import { dhcpRow, mergeDhcp, overridesOptions } from '../rows/dhcp.ts';
import { dhcpUuid, dropGroupUuid, groupUuid, interfaceId, portUuid, switchUuid } from '../rows/names.ts';
import type { SubnetNetwork } from '../subnet/index.ts';
import type { Addressing } from './addressing.ts';
import { qosRows } from './qos.ts';

/** What a Port's rows are made of besides its spec. */
export interface PortFacts extends Addressing {
  readonly network: SubnetNetwork;
  /** UIDs of its security groups; those that are not there are left out, and allow nothing. */
  readonly groupUids: readonly string[];
  /** UUIDs of the port groups of TrafficPolicies that apply to it. */
  readonly policyGroups: readonly string[];
}

/** The rows of a Port: its logical switch port, in its switch and groups; DHCP options of its own; rate limits. */
export function planPort(port: Port, facts: PortFacts): DesiredState {
  const { spec, metadata } = port;
  const { network } = facts;
  const { subnet, vpc } = network;
  const dhcp = mergeDhcp(network.dhcp, spec.dhcp);
  const own = dhcp.mode === 'Enabled' && overridesOptions(spec.dhcp);
  const optionsOwner = own ? metadata.uid : subnet.metadata.uid;
  const lsp = row('Logical_Switch_Port', portUuid(metadata.uid), {
    name: interfaceId(metadata.uid),
    addresses: addresses(port, facts),
    port_security: portSecurity(port, facts),
    enabled: spec.adminState === 'Down' ? false : undefined,
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
    spec.trafficFiltering === 'Enabled'
      ? [dropGroupUuid(vpc.metadata.uid), ...facts.groupUids.map(groupUuid)]
      : [];
  const groups = [...filtered, ...facts.policyGroups];
  const ownSwitch = switchUuid(subnet.metadata.uid);
  return {
    rows: [lsp, ...ownOptions, ...qos],
    memberships: [
      member('Logical_Switch', ownSwitch, 'ports', lsp.uuid),
      ...qos.map(({ uuid }) => member('Logical_Switch', ownSwitch, 'qos_rules', uuid)),
      ...groups.map((group) => member('Port_Group', group, 'ports', lsp.uuid)),
    ],
  };
}

/**
 * What the switch delivers to the port: its own address. Where it shares other MACs also what belongs to no port, as the
 * MAC of two would go to either; of that port security lets through what is sent to those. Without spoofing protection
 * everything, as the machine may be a switch or a router itself.
 */
function addresses({ spec }: Port, { mac, address, allowed }: PortFacts): readonly string[] {
  const isOne = spec.spoofingProtection !== 'Disabled' && allowed.every((each) => (each.mac ?? mac) === mac);
  return [`${mac} ${formatAddress(address)}`, ...(isOne ? [] : ['unknown'])];
}

/** What the machine may send from, and be sent (ovn-nb(5), port_security): `MAC IP…` for each MAC it may have. */
function portSecurity({ spec }: Port, { mac, address, allowed }: PortFacts): readonly string[] {
  if (spec.spoofingProtection === 'Disabled') return [];
  const byMac = new Map([[mac, [formatAddress(address)]]]);
  for (const { cidr, mac: shared } of allowed) {
    for (const each of new Set([mac, shared ?? mac])) byMac.set(each, [...(byMac.get(each) ?? []), cidr]);
  }
  if (spec.spoofingProtection === 'MACOnly') return [...byMac.keys()];
  return [...byMac].map(([each, ips]) => [each, ...ips].join(' '));
}

/** Where the port may be bound; during a migration on both hosts, the target live with its first RARP. */
function binding(attachment: Port['spec']['attachment']): Readonly<Record<string, string>> {
  if (attachment?.host === undefined) return {};
  const { host, migrationTargetHost } = attachment;
  if (migrationTargetHost === undefined) return { 'requested-chassis': host };
  return { 'requested-chassis': `${host},${migrationTargetHost}`, 'activation-strategy': 'rarp' };
}
