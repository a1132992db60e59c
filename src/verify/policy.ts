import type { LabelSelector, Port, TrafficPolicy } from '../api/index.ts';
import { isWithin, ruleMatches } from './packet.ts';
import type { Packet, Remote } from './packet.ts';
import { subnetOf, vpcKeyOf } from './world.ts';
import type { World } from './world.ts';

/** Returns the name of a TrafficPolicy that denies a packet at a Port, or undefined. */
export function denyingPolicy(
  world: World,
  port: Port,
  side: 'ingress' | 'egress',
  packet: Packet,
  remote: Remote,
): string | undefined {
  const { namespace = '' } = port.metadata;
  for (const { metadata, spec } of world.policies.values()) {
    if (metadata.namespace !== namespace || !appliesTo(spec.appliesTo, port)) continue;
    const listed = spec[side]?.some((rule) => ruleMatches(rule, namespace, packet, remote)) ?? true;
    if (!listed || isOutsideIsolation(world, port, spec.isolation, remote.address)) return metadata.name;
  }
  return undefined;
}

function appliesTo({ subnetRefs, portSelector }: TrafficPolicy['spec']['appliesTo'], port: Port): boolean {
  if (subnetRefs === undefined && portSelector === undefined) return false;
  return (
    (subnetRefs?.some(({ name }) => name === port.spec.subnetRef.name) ?? true) &&
    selects(portSelector ?? {}, port.metadata.labels ?? {})
  );
}

/** Whether a metav1.LabelSelector selects an object with these labels. */
function selects(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  const all = new Map(Object.entries(labels));
  return (
    Object.entries(matchLabels).every(([key, value]) => all.get(key) === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator === 'Exists' || operator === 'DoesNotExist')
        return all.has(key) === (operator === 'Exists');
      return values.includes(all.get(key) ?? '\0') === (operator === 'In');
    })
  );
}

function isOutsideIsolation(
  world: World,
  port: Port,
  isolation: TrafficPolicy['spec']['isolation'],
  address: string,
): boolean {
  if (isolation === 'None') return false;
  const range =
    isolation === 'Subnet'
      ? subnetOf(world, port)?.status?.cidr
      : world.vpcs.get(vpcKeyOf(world, port) ?? '')?.status?.cidr;
  return range === undefined || !isWithin(range, address);
}
