import type { LabelSelectorRequirement, Port, TrafficPolicy } from '../../api/index.ts';
import { matchesLabels } from '../common/labels.ts';

/*
 * Selects the Ports to which a TrafficPolicy applies. Policies and Ports find each other by keys, so that neither
 * side iterates over all objects of the other kind. A policy has a few keys; a Port has all keys under which policies
 * may select it. A policy and a Port with a common key are then compared completely. The `*` separates these keys
 * from the keys of objects.
 */

const subnetKey = (namespace: string, name: string): string => `${namespace}/*subnet/${name}`;
const labelKey = (namespace: string, key: string, value: string): string =>
  `${namespace}/*label/${key}=${value}`;
const anyKey = (namespace: string): string => `${namespace}/*`;

/**
 * Returns the keys of a policy without duplicates. Every Port to which the policy applies has exactly one of these
 * keys.
 */
export function policyKeys(policy: Pick<TrafficPolicy, 'metadata' | 'spec'>): readonly string[] {
  const { namespace = '' } = policy.metadata;
  const { subnetRefs, portSelector } = policy.spec.appliesTo;
  const names = subnetRefs?.map(({ name }) => subnetKey(namespace, name));
  const term = terms(policy).find(({ operator }) => operator === 'In');
  const labels = term?.values?.map((value) => labelKey(namespace, term.key, value));
  return [...new Set(names ?? labels ?? (portSelector === undefined ? [] : [anyKey(namespace)]))];
}

/** Returns the keys of a Port. */
export function portKeys({ metadata, spec }: Pick<Port, 'metadata' | 'spec'>): readonly string[] {
  const { namespace = '', labels = {} } = metadata;
  return [
    subnetKey(namespace, spec.subnetRef.name),
    anyKey(namespace),
    ...Object.entries(labels).map(([key, value]) => labelKey(namespace, key, value)),
  ];
}

/** Whether the policy applies to the Port. The two must have a common key. */
export function appliesTo({ spec }: Pick<TrafficPolicy, 'spec'>, { metadata: { labels } }: Port): boolean {
  return matchesLabels(spec.appliesTo.portSelector ?? {}, labels);
}

/** Returns the requirements of the policy's selector. A Port must meet all of them. */
function terms({ spec: { appliesTo } }: Pick<TrafficPolicy, 'spec'>): readonly LabelSelectorRequirement[] {
  const { matchLabels = {}, matchExpressions = [] } = appliesTo.portSelector ?? {};
  const equal = Object.entries(matchLabels).map(
    ([key, value]) => ({ key, operator: 'In', values: [value] }) as const,
  );
  return [...equal, ...matchExpressions];
}
