import type { Condition } from './generated/index.ts';
import { messageFor, type Reason } from './reasons.ts';

export type { Condition } from './generated/index.ts';

/** One type of condition that the operator sets. docs/reference/conditions.md is generated from these. */
const meanings = {
  Accepted: 'The object is valid and in conflict with no other.',
  ResolvedRefs: 'Everything that the object refers to exists and is ready.',
  Programmed: 'What the object says was committed to OVN, and was seen in its database.',
  Ready: 'The summary: the object is in effect. `kubectl wait --for=condition=Ready` waits for it.',
  Bound: 'Ports: OVN reports the interface up on a host. `Ready` does not wait for it.',
  RoutesResolved:
    'VPCs with static routes: the router reaches the next hop of each. `Ready` does not wait for it.',
  MTUFits:
    'Overlay Subnets with an `mtu` of their own: it fits through the tunnels between hosts. `Ready` does not wait for it.',
  Stalled: 'Only ever `True`: the object needs a change by someone, and will not mend by itself.',
} as const;

/** The types of condition that the operator sets. */
export type ConditionType = keyof typeof meanings;

/** What each type of condition says when it is True. */
export const conditionMeanings: Readonly<Record<ConditionType, string>> = meanings;

/** The types in the order in which they stand in status. */
const conditionTypes = Object.keys(meanings) as readonly ConditionType[];

/** What a plan says about one aspect, without the times and generations that `mergeConditions` knows. */
export interface DesiredCondition {
  readonly type: ConditionType;
  readonly status: Condition['status'];
  readonly reason: Reason;
  readonly message: string;
}

/** The longest message that the schema takes, in UTF-16 units (the server counts code points: never more). */
const MAX_MESSAGE = 32_768;

/** A desired condition; the message gets the reason's error code, where it has one, and is cut to what fits. */
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
    message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message,
  };
}

/**
 * The Ready condition that sums up `others`: True when Accepted, ResolvedRefs and Programmed (those that are given)
 * are, else with the reason and message of the first that is not.
 */
export function summarise(others: readonly DesiredCondition[]): DesiredCondition {
  const summed: readonly ConditionType[] = ['Accepted', 'ResolvedRefs', 'Programmed'];
  for (const type of summed) {
    const found = others.find((other) => other.type === type);
    if (found !== undefined && found.status !== 'True') return { ...found, type: 'Ready' };
  }
  return { type: 'Ready', status: 'True', reason: 'Ready', message: 'The object is in effect.' };
}

/**
 * The conditions to write: the desired ones, for this generation, in a fixed order. `lastTransitionTime` changes only
 * when `status` does (metav1.Condition). Types of the operator that are not desired go; types of others stay as they
 * are. When nothing changes the result is `current` itself, so that an equal status is seen by identity.
 *
 * @param now milliseconds since the epoch; written with seconds, as metav1.Time is.
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

/** The condition of the type, if there is one. */
export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: ConditionType,
): Condition | undefined {
  return conditions?.find((each) => each.type === type);
}

/** Whether the condition is there and True. */
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
