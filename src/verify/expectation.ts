import { isTrue } from '../api/index.ts';
import type { Port } from '../api/index.ts';
import { replyTo, ruleMatches } from './packet.ts';
import type { Packet, Remote } from './packet.ts';
import { arePeered } from './peering.ts';
import { forbiddenBy } from './policy.ts';
import { groupsOf, keyIn, subnetOf, vpcKeyOf } from './world.ts';
import type { World } from './world.ts';

/** What should become of traffic between two Ports. */
export interface Expectation {
  readonly reachable: boolean;
  /** Why, in a few words. */
  readonly because: string;
}

/**
 * Whether a machine at `from` should get an answer to `packet` from the machine at `to`, as the objects say it; without
 * a look at OVN, so that it can tell when OVN does something else. The rule:
 *
 * 1. both are plugged in and not switched off;
 * 2. both are in the same VPC, or their VPCs are peered and advertise both addresses;
 * 3. they are in the same Subnet, or both Subnets have a gateway;
 * 4. no TrafficPolicy forbids it: each that applies to `from` lists the packet as egress, each that applies to `to` as
 *    ingress, and the other address is within its isolation;
 * 5. a security group of `from` lets the packet out and one of `to` lets it in (a Port with `trafficFiltering:
 *    Disabled` lets everything);
 * 6. groups that keep no state (`stateful: Disabled`) let the answer through as well.
 *
 * Physical networks, NAT, static routes and addresses besides a Port's own are not considered.
 */
export function expectation(world: World, from: Port, to: Port, packet: Packet): Expectation {
  for (const port of [from, to]) {
    const why = whySilent(port);
    if (why !== undefined) return no(`${port.metadata.name} ${why}`);
  }
  const vpc = vpcKeyOf(world, from);
  const peered = vpc !== vpcKeyOf(world, to) && arePeered(world, from, to);
  if (vpc === undefined || (vpc !== vpcKeyOf(world, to) && !peered)) return no('different VPCs');
  const [own, other] = [subnetOf(world, from), subnetOf(world, to)];
  const routed = own !== other;
  if (routed && (own?.status?.gatewayIP === undefined || other?.status?.gatewayIP === undefined))
    return no('a Subnet without gateway');

  const policy =
    forbiddenBy(world, from, 'egress', packet, asRemote(world, to)) ??
    forbiddenBy(world, to, 'ingress', packet, asRemote(world, from));
  if (policy !== undefined) return no(`the policy ${policy} forbids it`);

  const out = passes(world, from, 'egress', packet, to);
  if (out === undefined) return no(`no group of ${from.metadata.name} lets it out`);
  const into = passes(world, to, 'ingress', packet, from);
  if (into === undefined) return no(`no group of ${to.metadata.name} lets it in`);

  const reply = replyTo(packet);
  if (into === 'stateless' && passes(world, to, 'egress', reply, from) !== 'stateless')
    return no(`no stateless group of ${to.metadata.name} lets the answer out`);
  if (out === 'stateless' && passes(world, from, 'ingress', reply, to) !== 'stateless')
    return no(`no stateless group of ${from.metadata.name} lets the answer in`);
  return { reachable: true, because: peered ? 'peered VPCs' : routed ? 'same VPC' : 'same Subnet' };
}

const no = (because: string): Expectation => ({ reachable: false, because });

function whySilent({ spec, status }: Port): string | undefined {
  if (spec.adminState === 'Down') return 'is switched off';
  if (!isTrue(status?.conditions, 'Bound')) return 'is not plugged in';
  return status?.ipAddress === undefined ? 'has no address' : undefined;
}

/**
 * How a Port's groups let a packet pass: remembering the connection, without, or not at all (undefined). `open` is a
 * Port that is not filtered. In OVN what a stateless rule allows is not tracked, whatever other rules say.
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
