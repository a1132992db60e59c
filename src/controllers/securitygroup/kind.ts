import { resources, type SecurityGroup } from '../../api/index.ts';
import type { RowWriter } from '../../ovn/index.ts';
import { isLeaving, refKey, type Kind, type ReadStore } from '../../reconcile/index.ts';
import { weightOf } from '../common/limits.ts';
import type { Problem } from '../common/problem.ts';
import { statelessGroupsOf } from '../common/stateless.ts';

export const securityGroupKind: Kind<SecurityGroup> = {
  type: resources.SecurityGroup,
  /** Forwarded ports do not work for the Ports of groups without connection tracking. */
  aliases: statelessAlias,
  indexes: { stateless: statelessAlias },
  references: {
    /** The remote groups that the group keeps. A group that is being deleted keeps none. */
    keptRemotes: {
      to: 'SecurityGroup',
      keys: (group) => (isLeaving(group) ? [] : remoteKeys(group)),
      wakesTarget: true,
    },
    /** The remote groups of the rules. */
    remotes: {
      to: 'SecurityGroup',
      keys: remoteKeys,
    },
    /** The VPC that created the group. A deleted VPC waits for the deletion of the group. */
    vpc: {
      to: 'VPC',
      keys: ({ metadata: { namespace = '', ownerReferences = [] } }) =>
        ownerReferences.filter(({ kind }) => kind === 'VPC').map(({ name }) => refKey({ namespace, name })),
      wakesTarget: { afterMs: 500 },
    },
  },
  facts: (group) => ({
    uid: group.metadata.uid,
    programmed: isProgrammed(group),
    weight: weightOf(group.status),
  }),
};

function statelessAlias({ metadata: { namespace }, spec: { stateful } }: SecurityGroup): readonly string[] {
  return stateful === 'Disabled' ? [statelessGroupsOf(namespace)] : [];
}

function remoteKeys({ metadata: { namespace = '' }, spec }: SecurityGroup): readonly string[] {
  return remoteGroupNames(spec).map((name) => refKey({ namespace, name }));
}

/** Returns the names of the remote groups in the rules without duplicates. */
export function remoteGroupNames(spec: Pick<SecurityGroup['spec'], 'ingress' | 'egress'>): readonly string[] {
  const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])];
  return [...new Set(rules.flatMap(({ remote }) => remote?.securityGroupRef?.name ?? []))];
}

/**
 * Whether OVN contains the group, so that Ports can join it. The result does not change while OVN is not reachable, or
 * while the status is lost.
 */
export function isInOvn(writer: Pick<RowWriter, 'ownedBy'>, group: SecurityGroup): boolean {
  return isProgrammed(group) || writer.ownedBy(group.metadata.uid).length > 0;
}

const isProgrammed = ({ status }: SecurityGroup): boolean => status?.ruleCount !== undefined;

/**
 * Returns a problem for SecurityGroups that do not exist or that OVN does not contain yet; undefined without names.
 * `consequence` is a clause that states the effect on traffic.
 */
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
    const message =
      `OVN does not contain the SecurityGroup ${quoted(names)} yet, and ${consequence}; ` +
      'wait; if the condition does not change, check the conditions of the SecurityGroup.';
    return { reason: 'SecurityGroupNotReady', message };
  }
  const message =
    `There is no SecurityGroup ${quoted(absent)} in the namespace; ${consequence}. ` +
    'Create the SecurityGroup, or correct the name.';
  return { reason: 'SecurityGroupNotFound', message };
}
