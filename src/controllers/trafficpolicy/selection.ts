import type { LabelSelectorRequirement, Port, TrafficPolicy } from '../../api/index.ts';
import { matchesLabels } from '../common/labels.ts';

/*
 * Which Ports a TrafficPolicy applies to. Policies and Ports find each other by keys, so that neither looks at all of
 * the other kind: a policy has a few keys, a Port has all those under which policies may look for it, and what has a
 * key in common is then compared in full. The `*` keeps the keys apart from those of objects.
 */

const subnetKey = (namespace: string, name: string): string => `${namespace}/*subnet/${name}`;
const labelKey = (namespace: string, key: string, value: string): string =>
  `${namespace}/*label/${key}=${value}`;
const anyKey = (namespace: string): string => `${namespace}/*`;

/** The keys of a policy, each once: every Port that it applies to has one of them, and at most one. */
export function policyKeys(policy: Pick<TrafficPolicy, 'metadata' | 'spec'>): readonly string[] {
  const { namespace = '' } = policy.metadata;
  const { subnetRefs, portSelector } = policy.spec.appliesTo;
  const names = subnetRefs?.map(({ name }) => subnetKey(namespace, name));
  const term = terms(policy).find(({ operator }) => operator === 'In');
  const labels = term?.values?.map((value) => labelKey(namespace, term.key, value));
  return [...new Set(names ?? labels ?? (portSelector === undefined ? [] : [anyKey(namespace)]))];
}

/** The keys of a Port. */
export function portKeys({ metadata, spec }: Pick<Port, 'metadata' | 'spec'>): readonly string[] {
  const { namespace = '', labels = {} } = metadata;
  return [
    subnetKey(namespace, spec.subnetRef.name),
    anyKey(namespace),
    ...Object.entries(labels).map(([key, value]) => labelKey(namespace, key, value)),
  ];
}

/** Whether a Port with one of the policy's keys needs no further look. */
export function keysDecide(policy: Pick<TrafficPolicy, 'spec'>): boolean {
  const all = terms(policy);
  return all.length === 0 || (all.length === 1 && all[0]?.operator === 'In');
}

/** Whether the policy applies to the Port, which has one of its keys. */
export function appliesTo({ spec }: Pick<TrafficPolicy, 'spec'>, { metadata: { labels } }: Port): boolean {
  return matchesLabels(spec.appliesTo.portSelector ?? {}, labels);
}

/** The conditions of the policy's selector: all of them must be met. */
function terms({ spec: { appliesTo } }: Pick<TrafficPolicy, 'spec'>): readonly LabelSelectorRequirement[] {
  const { matchLabels = {}, matchExpressions = [] } = appliesTo.portSelector ?? {};
  const equal = Object.entries(matchLabels).map(
    ([key, value]) => ({ key, operator: 'In', values: [value] }) as const,
  );
  return [...equal, ...matchExpressions];
}
