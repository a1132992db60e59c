import { resources, type SecurityGroup } from '../../api/index.ts';
import { refKey, type Kind } from '../../reconcile/index.ts';

export const securityGroupKind: Kind<SecurityGroup> = {
  type: resources.SecurityGroup,
  references: {
    /** The groups whose members rules admit. */
    remotes: {
      to: 'SecurityGroup',
      keys: ({ metadata: { namespace = '' }, spec }) =>
        remoteGroupNames(spec).map((name) => refKey({ namespace, name })),
      wakesTarget: true,
    },
    /** The VPC that brought the group, and waits for it to go when it goes itself. */
    vpc: {
      to: 'VPC',
      keys: ({ metadata: { namespace = '', ownerReferences = [] } }) =>
        ownerReferences.filter(({ kind }) => kind === 'VPC').map(({ name }) => refKey({ namespace, name })),
      wakesTarget: { afterMs: 500 },
    },
  },
  facts: (group) => ({ uid: group.metadata.uid, programmed: isProgrammed(group) }),
};

/** Names of the groups that the rules refer to, each once. */
export function remoteGroupNames(spec: Pick<SecurityGroup['spec'], 'ingress' | 'egress'>): readonly string[] {
  const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])];
  return [...new Set(rules.flatMap(({ remote }) => remote?.securityGroupRef?.name ?? []))];
}

/** Whether the group is in OVN, so that Ports can join it. It stays so when OVN cannot be reached. */
export function isProgrammed({ status }: SecurityGroup): boolean {
  return status?.ruleCount !== undefined;
}
