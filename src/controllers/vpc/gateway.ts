import {
  computeMac,
  formatAddress,
  formatCidr,
  overlaps,
  type Address,
  type Cidr,
  type StaticRoute,
  type VPC,
} from '../../api/index.ts';
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
import { isCapacity, type ExternalAddress } from '../pools/external.ts';
import { recordedGateway } from '../rows/recorded.ts';
import { policiesOn } from '../rows/router-policy.ts';
import { gatewayFilter, gatewayPolicies } from '../rows/external-filter.ts';
import {
  defaultRouteUuid,
  EXTERNAL_MARK,
  externalSwitchPortName,
  gatewayPortName,
  routerUuid,
  switchUuid,
} from '../rows/names.ts';
import { bad, good, type Checked } from '../common/problem.ts';
import { tenantOf } from '../common/tenant.ts';
import { routingOf, type Routing } from './routing.ts';

/** The connection of a VPC to an ExternalNetwork. */
export interface Gateway {
  readonly network: ReadyNetwork;
  /** The router's address on the network. */
  readonly address: Address;
  /** Whether packets leave with the addresses of the VPC, or need a translation. */
  readonly routing: Routing;
}

/**
 * Returns the gateway of a VPC with `externalGateway`: its network, and an address that the VPC holds. `range` is the
 * range of the VPC.
 */
export function gatewayOf(
  { stores, pools }: Pick<Env, 'stores' | 'pools'>,
  vpc: VPC,
  range: Cidr,
): Checked<Gateway | undefined> {
  const { namespace = '', uid } = vpc.metadata;
  if (vpc.spec.externalGateway === undefined) return good(undefined);
  const allowed = allowedNetwork(stores, namespace, vpc.spec.externalGateway.externalNetworkRef.name);
  if (!allowed.ok) return allowed;
  const network = readyNetwork(allowed.value);
  if (!network.ok) return network;
  const { name, cidr } = network.value;
  if (overlaps(cidr, range)) {
    return bad(
      'CIDROverlap',
      `The range ${formatCidr(range)} of the VPC overlaps the range ${formatCidr(cidr)} of the ExternalNetwork "${name}"; ` +
        'create the VPC with another cidr, or use another ExternalNetwork.',
    );
  }
  const { uid: networkUid } = network.value;
  const wait = () => pools.waiting.add(networkUid, 'VPC', keyOf(vpc), 'gateways');
  if (pools.external.network(networkUid) === undefined) {
    wait();
    return networkNotReady(name);
  }
  const holder = { uid, tenant: tenantOf(stores, namespace), isGateway: true };
  const address = pools.external.allocate(networkUid, holder);
  if (!isCapacity(address))
    return good({ network: network.value, address, routing: routingOf(pools, vpc, range, network.value) });
  wait();
  return networkExhausted(name);
}

/**
 * Returns the rows that connect a VPC's router with an ExternalNetwork: a port on each side, the chassis of the port,
 * the default route unless the VPC has its own, with SNAT the translation of the whole VPC, and the filter for
 * packets that leave and enter.
 *
 * @param routes the static routes that the router uses
 * @param mtu the largest packet that fits to every Subnet, in bytes; the router answers larger packets with ICMP
 *   (ovn-nb(5), gateway_mtu)
 */
export function planGateway(
  vpc: VPC,
  range: Cidr,
  gateway: Gateway | undefined,
  routes: readonly StaticRoute[],
  mtu: number,
): DesiredState {
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
    name: externalSwitchPortName(uid),
    type: 'router',
    addresses: ['router'],
    // The router announces all its addresses by gratuitous ARP, also the addresses of forwarded ports, because they
    // may have had another owner.
    options: { 'router-port': gatewayPortName(uid), 'nat-addresses': 'router' },
  });
  const route = routes.some(({ destination }) => destination === '0.0.0.0/0')
    ? []
    : [
        row('Logical_Router_Static_Route', defaultRouteUuid(uid), {
          ip_prefix: '0.0.0.0/0',
          nexthop: network.gateway,
          output_port: gatewayPortName(uid),
        }),
      ];
  const nat =
    vpc.spec.externalGateway?.snat === 'Disabled'
      ? []
      : [
          row('NAT', rowUuid(uid, 'snat'), {
            type: 'snat',
            external_ip: address,
            logical_ip: formatCidr(range),
          }),
        ];
  const isRouted = gateway.routing === 'Routed';
  const filter = gatewayFilter({ vpcUid: uid, networkUid: network.uid }, range, isRouted);
  const policies = policiesOn(uid, gatewayPolicies(uid, range, gateway.address, network.cidr));
  return {
    rows: [group, ...chassis, routerPort, switchPort, ...route, ...nat, ...policies.rows, ...filter.rows],
    memberships: [
      ...chassis.map(({ uuid }) => member('HA_Chassis_Group', group.uuid, 'ha_chassis', uuid)),
      member('Logical_Router', router, 'ports', routerPort.uuid),
      member('Logical_Switch', switchUuid(network.uid), 'ports', switchPort.uuid),
      ...route.map(({ uuid }) => member('Logical_Router', router, 'static_routes', uuid)),
      ...nat.map(({ uuid }) => member('Logical_Router', router, 'nat', uuid)),
      ...policies.memberships,
      ...filter.memberships,
    ],
  };
}

/** Returns the address that a VPC holds in the network that it names, also while it may not use the network. */
export function keptAddress(
  { stores, pools }: Pick<Env, 'stores' | 'pools'>,
  vpc: VPC,
): ExternalAddress | undefined {
  const networkUid = namedNetwork(stores, vpc);
  const address = networkUid && pools.external.network(networkUid)?.heldBy(vpc.metadata.uid);
  return networkUid !== undefined && address ? { networkUid, address } : undefined;
}

const namedNetwork = ({ ExternalNetwork }: Env['stores'], { spec }: VPC): string | undefined =>
  ExternalNetwork.get(spec.externalGateway?.externalNetworkRef.name ?? '')?.metadata.uid;

/**
 * Releases the addresses of a VPC in networks that its spec does not name and its rows do not contain. The VPC keeps
 * its address in a network that it names and is no longer allowed to use. It has the same address when the permission
 * returns. It keeps its range on a network only while the network routes the range.
 *
 * @returns the UIDs of the networks
 */
export function releaseUnused(
  { stores, pools, writer }: Env,
  vpc: VPC,
  gateway: Gateway | undefined,
): readonly string[] {
  const { uid } = vpc.metadata;
  const keep = [namedNetwork(stores, vpc), recordedGateway(writer, uid)?.networkUid].filter(
    (each) => each !== undefined,
  );
  const before = pools.external.networksOf(uid);
  pools.external.release(uid, keep);
  pools.routed.release(uid, gateway?.routing === 'Routed' ? gateway.network.uid : undefined);
  return before.filter((each) => !keep.includes(each));
}
