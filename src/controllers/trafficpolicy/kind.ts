import { resources, type TrafficPolicy } from '../../api/index.ts';
import { refKey, type Kind } from '../../reconcile/index.ts';
import { policyKeys } from './selection.ts';

export const trafficPolicyKind: Kind<TrafficPolicy> = {
  type: resources.TrafficPolicy,
  indexes: { appliesTo: policyKeys },
  /** So that Ports, which refer to policies by these keys, are woken when one comes, goes or changes. */
  aliases: policyKeys,
  references: {
    subnets: {
      to: 'Subnet',
      keys: ({ metadata: { namespace = '' }, spec }) =>
        (spec.appliesTo.subnetRefs ?? []).map(({ name }) => refKey({ namespace, name })),
    },
  },
  /** What a policy lists is not among them: a changed rule is one transaction, and wakes no Port. */
  facts: (policy) => ({
    uid: policy.metadata.uid,
    appliesTo: policy.spec.appliesTo,
    isolation: policy.spec.isolation,
    programmed: isProgrammed(policy),
  }),
};

/** Whether the policy is in OVN, so that Ports can join it. It stays so when OVN cannot be reached. */
export function isProgrammed({ status }: TrafficPolicy): boolean {
  return status?.portCount !== undefined;
}
