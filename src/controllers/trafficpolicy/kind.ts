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
  /**
   * The rules are not included: a changed rule is one transaction and needs no reconcile of Ports. A Port with an error
   * does not wait for the group of a new policy; it joins the group when the policy is in OVN.
   */
  facts: (policy) => ({
    uid: policy.metadata.uid,
    programmed: policy.status?.matchCount !== undefined,
    appliesTo: policy.spec.appliesTo,
    isolation: policy.spec.isolation,
    weight: weightOf(policy.status),
  }),
};
