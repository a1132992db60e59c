import { resources, type Port } from '../../api/index.ts';
import { refKey, type Kind } from '../../reconcile/index.ts';
import { anyPolicy } from '../common/policies.ts';
import { portKeys } from '../trafficpolicy/index.ts';
import { usesPower } from './powers.ts';

/** The SecurityGroup of a Port that names no group. */
const DEFAULT_GROUP = 'default';

export const portKind: Kind<Port> = {
  type: resources.Port,
  references: {
    subnet: {
      to: 'Subnet',
      keys: ({ metadata: { namespace = '' }, spec }) => [refKey({ namespace, name: spec.subnetRef.name })],
      wakesTarget: { afterMs: 500 },
    },
    securityGroups: {
      to: 'SecurityGroup',
      keys: ({ metadata: { namespace = '' }, spec }) =>
        securityGroupNames(spec).map((name) => refKey({ namespace, name })),
      wakesTarget: { afterMs: 500 },
    },
    /** Administrators can forbid the powers of a Port. Most Ports use none, and do not depend on any policy. */
    projectPolicies: { to: 'ProjectPolicy', keys: ({ spec }) => (usesPower(spec) ? [anyPolicy] : []) },
    namespace: {
      to: 'Namespace',
      keys: ({ metadata, spec }) => (usesPower(spec) ? [metadata.namespace ?? ''] : []),
    },
    /** The TrafficPolicies that may apply to the Port, by the keys under which they select Ports. */
    policies: { to: 'TrafficPolicy', keys: portKeys },
    /** The networks around the VPC, which additional addresses must not overlap. */
    vpcAround: { to: 'VPC', keys: keysAround },
    peersAround: { to: 'VPCPeering', keys: keysAround },
  },
  /** NatRules need the address of a Port. */
  facts: ({ metadata: { uid }, status }) => ({ uid, address: status?.ipAddress }),
};

/** Returns the alias of the VPC and the VPCPeerings of a namespace, for a Port with additional addresses. */
function keysAround({ metadata: { namespace = '' }, spec }: Port): readonly string[] {
  return (spec.allowedAddresses ?? []).length === 0 ? [] : [`${namespace}/*`];
}

/** Returns the names of the SecurityGroups that apply to a Port. No group applies to a Port without filtering. */
export function appliedGroupNames(
  spec: Pick<Port['spec'], 'securityGroupRefs' | 'trafficFiltering'>,
): readonly string[] {
  return spec.trafficFiltering === 'Disabled' ? [] : securityGroupNames(spec);
}

/** Returns the names of a Port's SecurityGroups without duplicates. */
export function securityGroupNames(spec: Pick<Port['spec'], 'securityGroupRefs'>): readonly string[] {
  const { securityGroupRefs } = spec;
  return securityGroupRefs === undefined
    ? [DEFAULT_GROUP]
    : [...new Set(securityGroupRefs.map(({ name }) => name))];
}
