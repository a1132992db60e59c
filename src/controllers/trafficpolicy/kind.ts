import { resources, type TrafficPolicy } from '../../api/index.ts';
import { refKey, type Kind } from '../../reconcile/index.ts';
import { weightOf } from '../common/limits.ts';
import { policyKeys } from './selection.ts';

export const trafficPolicyKind: Kind<TrafficPolicy> = {
  type: resources.TrafficPolicy,
  indexes: { appliesTo: policyKeys },
  /** Ports refer to policies by these keys, so a policy that is created, changed or deleted wakes them. */
  aliases: policyKeys,
  references: {
    subnets: {
      to: 'Subnet',
      keys: ({ metadata: { namespace = '' }, spec }) =>
        (spec.appliesTo.subnetRefs ?? []).map(({ name }) => refKey({ namespace, name })),
    },
  },
  /** The rules are not included: a changed rule is one transaction and needs no reconcile of Ports. */
  facts: (policy) => ({
    uid: policy.metadata.uid,
    appliesTo: policy.spec.appliesTo,
    isolation: policy.spec.isolation,
    programmed: isProgrammed(policy),
    weight: weightOf(policy.status),
  }),
};

/**
 * Whether OVN contains the policy, so that Ports can join it. The result does not change while OVN is not reachable.
 */
export function isProgrammed({ status }: TrafficPolicy): boolean {
  return status?.portCount !== undefined;
}
