import { isTrue } from '../api/index.ts';
import type { Port } from '../api/index.ts';
import { replyTo, ruleMatches } from './packet.ts';
import type { Packet, Remote } from './packet.ts';
import { arePeered } from './peering.ts';
import { denyingPolicy } from './policy.ts';
import { groupsOf, keyIn, subnetOf, vpcKeyOf } from './world.ts';
import type { World } from './world.ts';

/** The expected result of traffic between two Ports. */
interface Expectation {
  readonly reachable: boolean;
  /** The reason, in a few words. */
  readonly because: string;
}

/**
 * Determines from the objects whether the machine at `from` must receive an answer to `packet` from the machine at
 * `to`. The function does not read OVN, so that the result can be compared with the behaviour of OVN. The conditions:
 *
 * 1. Both Ports are bound, and their `adminState` is not `Down`.
 * 2. Both Ports are in the same VPC, or their VPCs are peered, and advertise and accept both addresses.
 * 3. Both Ports are in the same Subnet, or both Subnets have a gateway.
 * 4. No TrafficPolicy denies the packet: each policy of `from` lists the packet as egress, each policy of `to` lists
 *    it as ingress, and the remote address is inside the isolation of each policy.
 * 5. A SecurityGroup of `from` allows the packet as egress, and a SecurityGroup of `to` allows it as ingress. A Port
 *    with `trafficFiltering: Disabled` allows all packets.
 * 6. SecurityGroups with `stateful: Disabled` also allow the reply.
 *
 * The function does not consider physical networks, NAT, static routes and additional addresses of a Port.
 */
export function expectation(world: World, from: Port, to: Port, packet: Packet): Expectation {
  for (const port of [from, to]) {
    const why = reasonUnreachable(port);
    if (why !== undefined) return no(`${port.metadata.name} ${why}`);
  }
  const vpc = vpcKeyOf(world, from);
  const peered = vpc !== vpcKeyOf(world, to) && arePeered(world, from, to);
  if (vpc === undefined || (vpc !== vpcKeyOf(world, to) && !peered)) return no('different VPCs');
  const [own, other] = [subnetOf(world, from), subnetOf(world, to)];
  const routed = own !== other;
  if (routed && (own?.status?.gatewayIP === undefined || other?.status?.gatewayIP === undefined))
    return no('a Subnet has no gateway');

  const policy =
    denyingPolicy(world, from, 'egress', packet, asRemote(world, to)) ??
    denyingPolicy(world, to, 'ingress', packet, asRemote(world, from));
  if (policy !== undefined) return no(`TrafficPolicy ${policy} denies the packet`);

  const out = passes(world, from, 'egress', packet, to);
  if (out === undefined) return no(`no group of ${from.metadata.name} allows egress`);
  const into = passes(world, to, 'ingress', packet, from);
  if (into === undefined) return no(`no group of ${to.metadata.name} allows ingress`);

  const reply = replyTo(packet);
  if (into === 'stateless' && passes(world, to, 'egress', reply, from) !== 'stateless')
    return no(`no stateless group of ${to.metadata.name} allows egress of the reply`);
  if (out === 'stateless' && passes(world, from, 'ingress', reply, to) !== 'stateless')
    return no(`no stateless group of ${from.metadata.name} allows ingress of the reply`);
  return { reachable: true, because: peered ? 'peered VPCs' : routed ? 'same VPC' : 'same Subnet' };
}

const no = (because: string): Expectation => ({ reachable: false, because });

function reasonUnreachable({ spec, status }: Port): string | undefined {
  if (spec.adminState === 'Down') return 'has adminState Down';
  if (!isTrue(status?.conditions, 'Bound')) return 'is not bound';
  return status?.ipAddress === undefined ? 'has no address' : undefined;
}

/**
 * Returns how the groups of a Port allow a packet: `stateful` with connection tracking, `stateless` without
 * connection tracking, `open` for a Port without traffic filtering, or undefined when no group allows the packet. A
 * stateless rule takes precedence: OVN does not track a packet that a stateless rule allows.
 */
function passes(
  world: World,
  port: Port,
  side: 'ingress' | 'egress',
  packet: Packet,
  peer: Port,
): 'open' | 'stateful' | 'stateless' | undefined {
  if (port.spec.trafficFiltering === 'Disabled') return 'open';
  const remote = asRemote(world, peer);
  const matching = groupsOf(world, port).filter(({ metadata, spec }) =>
    (spec[side] ?? []).some((rule) => ruleMatches(rule, metadata.namespace ?? '', packet, remote)),
  );
  if (matching.length === 0) return undefined;
  return matching.some(({ spec }) => spec.stateful === 'Disabled') ? 'stateless' : 'stateful';
}

function asRemote(world: World, port: Port): Remote {
  return {
    address: port.status?.ipAddress ?? '',
    groups: new Set(groupsOf(world, port).map(({ metadata }) => keyIn(metadata.namespace, metadata.name))),
  };
}
