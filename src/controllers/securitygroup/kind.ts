import { resources, type SecurityGroup } from '../../api/index.ts';
import { refKey, type Kind, type ReadStore } from '../../reconcile/index.ts';
import type { Problem } from '../common/problem.ts';

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

/** Why these groups cannot be joined or admitted: there are none, or they are not in OVN yet. Undefined for no names. */
export function missingGroups(
  groups: ReadStore<SecurityGroup>,
  namespace: string,
  names: readonly string[],
  consequence: string,
): Problem | undefined {
  if (names.length === 0) return undefined;
  const quoted = (some: readonly string[]) => some.map((name) => `"${name}"`).join(', ');
  const absent = names.filter((name) => groups.get(refKey({ namespace, name })) === undefined);
  if (absent.length === 0) {
    const message = `OVN does not contain the SecurityGroup ${quoted(names)} yet; until then, ${consequence}.`;
    return { reason: 'SecurityGroupNotReady', message };
  }
  const message =
    `There is no SecurityGroup ${quoted(absent)} in the namespace; ${consequence}. ` +
    'Create the SecurityGroup, or correct the name.';
  return { reason: 'SecurityGroupNotFound', message };
}
