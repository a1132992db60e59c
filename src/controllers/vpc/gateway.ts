import { computeMac, formatAddress, type Address, type VPC } from '../../api/index.ts';
import { member, nothing, row, rowUuid, symbol, type DesiredState } from '../../ovn/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import type { Env } from '../common/env.ts';
import {
  allowedNetwork,
  networkExhausted,
  networkNotReady,
  rankChassis,
  readyNetwork,
  type ReadyNetwork,
} from '../externalnetwork/index.ts';
import { recordedGateway } from '../rows/recorded.ts';
import { EXTERNAL_MARK, gatewayPortName, routerUuid, switchUuid } from '../rows/names.ts';
import { good, type Checked } from '../common/problem.ts';

/** The connection of a VPC to an ExternalNetwork. */
export interface Gateway {
  readonly network: ReadyNetwork;
  /** The router's address on the network. */
  readonly address: Address;
}

/** Returns the gateway of a VPC with `externalGateway`: its network, and an address that the VPC holds. */
export function gatewayOf(
  { stores, pools }: Pick<Env, 'stores' | 'pools'>,
  vpc: VPC,
): Checked<Gateway | undefined> {
  const { namespace = '', uid } = vpc.metadata;
  if (vpc.spec.externalGateway === undefined) return good(undefined);
  const allowed = allowedNetwork(stores, namespace, vpc.spec.externalGateway.externalNetworkRef.name);
  if (!allowed.ok) return allowed;
  const network = readyNetwork(allowed.value);
  if (!network.ok) return network;
  const address = pools.external.network(network.value.uid)?.allocate(uid);
  if (address !== undefined && address !== 'exhausted') return good({ network: network.value, address });
  pools.waiting.add(network.value.uid, 'VPC', keyOf(vpc));
  return address === undefined ? networkNotReady(network.value.name) : networkExhausted(network.value.name);
}

/**
 * Returns the rows that connect a VPC's router with an ExternalNetwork: a port on each side, the chassis of the port,
 * the default route unless the VPC has its own, and with SNAT the translation of the whole VPC.
 *
 * @param mtu the largest MTU that fits through the tunnels, in bytes; the router answers larger packets with ICMP
 *   (ovn-nb(5), gateway_mtu)
 */
export function planGateway(vpc: VPC, cidr: string, gateway: Gateway | undefined, mtu: number): DesiredState {
  if (gateway === undefined) return nothing;
  const { uid } = vpc.metadata;
  const { network } = gateway;
  const address = formatAddress(gateway.address);
  const router = routerUuid(uid);
  const ranked = rankChassis(uid, network.chassis);
  const group = row('HA_Chassis_Group', rowUuid(uid, 'gateway-chassis'), { name: symbol(uid, 'gateway') });
  const chassis = ranked.map(({ name, priority }) =>
    row('HA_Chassis', rowUuid(uid, `gateway-chassis/${name}`), { chassis_name: name, priority }),
  );
  const routerPort = row('Logical_Router_Port', rowUuid(uid, 'external-router-port'), {
    name: gatewayPortName(uid),
    mac: computeMac(uid, 'external'),
    networks: [`${address}/${network.cidr.prefix}`],
    ha_chassis_group: group.uuid,
    options: { gateway_mtu: String(mtu) },
    external_ids: { [EXTERNAL_MARK]: network.uid },
  });
  const switchPort = row('Logical_Switch_Port', rowUuid(uid, 'external-switch-port'), {
    name: symbol(uid, 'external_switch'),
    type: 'router',
    addresses: ['router'],
    // The router announces all its addresses by gratuitous ARP, also the addresses of forwarded ports, because they
    // may have had another owner.
    options: { 'router-port': gatewayPortName(uid), 'nat-addresses': 'router' },
  });
  const route = (vpc.spec.staticRoutes ?? []).some(({ destination }) => destination === '0.0.0.0/0')
    ? []
    : [
        row('Logical_Router_Static_Route', rowUuid(uid, 'default-route'), {
          ip_prefix: '0.0.0.0/0',
          nexthop: network.gateway,
          output_port: gatewayPortName(uid),
        }),
      ];
  const nat =
    vpc.spec.externalGateway?.snat === 'Disabled'
      ? []
      : [row('NAT', rowUuid(uid, 'snat'), { type: 'snat', external_ip: address, logical_ip: cidr })];
  return {
    rows: [group, ...chassis, routerPort, switchPort, ...route, ...nat],
    memberships: [
      ...chassis.map(({ uuid }) => member('HA_Chassis_Group', group.uuid, 'ha_chassis', uuid)),
      member('Logical_Router', router, 'ports', routerPort.uuid),
      member('Logical_Switch', switchUuid(network.uid), 'ports', switchPort.uuid),
      ...route.map(({ uuid }) => member('Logical_Router', router, 'static_routes', uuid)),
      ...nat.map(({ uuid }) => member('Logical_Router', router, 'nat', uuid)),
    ],
  };
}

/**
 * Releases the addresses of a VPC in networks that its spec does not name and its rows do not contain. The VPC keeps
 * its address in a network that it names and is no longer allowed to use. It has the same address when the permission
 * returns.
 *
 * @returns the UIDs of the networks
 */
export function releaseUnused({ stores, pools, writer }: Env, vpc: VPC): readonly string[] {
  const { uid } = vpc.metadata;
  const name = vpc.spec.externalGateway?.externalNetworkRef.name;
  const wanted = name === undefined ? undefined : stores.ExternalNetwork.get(name)?.metadata.uid;
  const keep = [wanted, recordedGateway(writer, uid)?.networkUid].filter((each) => each !== undefined);
  const before = pools.external.networksOf(uid);
  pools.external.release(uid, keep);
  return before.filter((each) => !keep.includes(each));
}
