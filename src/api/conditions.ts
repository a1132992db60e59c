import type { Condition } from './generated/index.ts';
import { messageFor, type Reason } from './reasons.ts';

/** What each type of condition means. The generator writes docs/reference/conditions.md from these entries. */
const meanings = {
  Accepted: 'The object is valid and conflicts with no other object.',
  ResolvedRefs: 'All objects that the object refers to exist and are ready.',
  Programmed:
    'OVN committed the rows of the object, and the operator has seen them in the Northbound database.',
  Ready:
    'The object is in effect. `Ready` summarizes `Accepted`, `ResolvedRefs` and `Programmed`; `kubectl wait --for=condition=Ready` waits for it.',
  Bound: 'Only Ports: OVN reports the interface up on a host. `Ready` does not depend on this condition.',
  RoutesResolved:
    'Only VPCs with static routes: the router reaches the next hop of every route. `Ready` does not depend on this condition.',
  RoutesAccepted:
    'Only connected VPCPeerings: both routers route to every network that the other side advertises. `Ready` does not depend on this condition.',
  RangeRouted:
    'Only VPCs with an external gateway and `snat: Disabled`: the ExternalNetwork carries the addresses of the VPC without translation. `Ready` does not depend on this condition.',
  MTUFits:
    'Only overlay Subnets with `mtu` set: packets of this size fit through the tunnels between hosts. `Ready` does not depend on this condition.',
  ReachableInside:
    'Only NatRules of type `DNAT`: the machines in Subnets with a gateway reach the forwarded port, as far as their groups allow it. `Ready` does not depend on this condition.',
  MovesWithoutPause:
    'Only Distributed NatRules: connections from outside continue without a pause while the virtual machine moves to another host. `Ready` does not depend on this condition.',
  Stalled:
    'The object does not take effect, or not completely, until somebody changes an object: this object, an object that conflicts with it, or a permission. The condition is absent otherwise; it is never False. An object that waits for another object, for free capacity or for the operator is not Stalled.',
} as const;

/** The types of condition that the operator sets. */
export type ConditionType = keyof typeof meanings;

/** The meaning of each type of condition when its status is True. */
export const conditionMeanings: Readonly<Record<ConditionType, string>> = meanings;

/** The types in their order in `status.conditions`. */
const conditionTypes = Object.keys(meanings) as readonly ConditionType[];

/** A condition without its time and generation, which `mergeConditions` adds. */
export interface DesiredCondition {
  readonly type: ConditionType;
  readonly status: Condition['status'];
  readonly reason: Reason;
  readonly message: string;
}

/** The limit of the schema for a message. The server counts code points, which are never more than UTF-16 units. */
const MAX_MESSAGE_LENGTH = 32_768;

/** Returns a desired condition. Its message begins with the error code of the reason, and is cut to the limit. */
export function condition(
  type: ConditionType,
  status: Condition['status'],
  reason: Reason,
  sentence: string,
): DesiredCondition {
  const message = messageFor(reason, sentence);
  return {
    type,
    status,
    reason,
    message: message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH - 1)}…` : message,
  };
}

/**
 * The Ready condition that summarizes `others`. Its status is True if Accepted, ResolvedRefs and Programmed are True;
 * a type that is not in `others` is ignored. Otherwise the result has the status, reason and message of the first one
 * that is not True.
 */
export function summarize(others: readonly DesiredCondition[]): DesiredCondition {
  const summed: readonly ConditionType[] = ['Accepted', 'ResolvedRefs', 'Programmed'];
  for (const type of summed) {
    const found = others.find((other) => other.type === type);
    if (found !== undefined && found.status !== 'True') return { ...found, type: 'Ready' };
  }
  return { type: 'Ready', status: 'True', reason: 'Ready', message: 'The object is in effect.' };
}

/**
 * The conditions to write: the desired conditions, for this generation, in a fixed order. `lastTransitionTime` changes
 * only when `status` changes (metav1.Condition). The result omits undesired conditions with a type of the operator, and
 * keeps conditions with other types unchanged. If nothing changes, the function returns `current` itself, so that
 * callers can compare by identity.
 *
 * @param now milliseconds since the epoch; the result has whole seconds, like metav1.Time
 */
export function mergeConditions(
  current: readonly Condition[] | undefined,
  desired: readonly DesiredCondition[],
  { generation, now }: { readonly generation: number; readonly now: number },
): readonly Condition[] {
  const before = new Map(current?.map((old) => [old.type, old]));
  const time = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
  const merged: Condition[] = [];
  for (const type of conditionTypes) {
    const wanted = desired.find((candidate) => candidate.type === type);
    if (wanted === undefined) continue;
    const old = before.get(type);
    const next: Condition = {
      type,
      status: wanted.status,
      observedGeneration: generation,
      lastTransitionTime: old?.status === wanted.status ? old.lastTransitionTime : time,
      reason: wanted.reason,
      message: wanted.message,
    };
    merged.push(old !== undefined && same(old, next) ? old : next);
  }
  for (const old of current ?? []) if (!Object.hasOwn(meanings, old.type)) merged.push(old);
  const unchanged = current?.length === merged.length && merged.every((each, i) => each === current[i]);
  return unchanged ? current : merged;
}

/** Returns the condition of the type; undefined if the list has none. */
export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: ConditionType,
): Condition | undefined {
  return conditions?.find((each) => each.type === type);
}

/** Whether the list contains the condition with status True. */
export function isTrue(conditions: readonly Condition[] | undefined, type: ConditionType): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

function same(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.observedGeneration === b.observedGeneration &&
    a.lastTransitionTime === b.lastTransitionTime &&
    a.reason === b.reason &&
    a.message === b.message
  );
}
