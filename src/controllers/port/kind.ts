import { resources, type Port } from '../../api/index.ts';
import { refKey, type Kind } from '../../reconcile/index.ts';
import { portKeys } from '../trafficpolicy/index.ts';

/** The group of a Port that names none. */
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
    /** The TrafficPolicies that may apply to it, by the names under which they look for Ports. */
    policies: { to: 'TrafficPolicy', keys: portKeys, wakesTarget: { afterMs: 500 } },
  },
  /** What NatRules forward to. */
  facts: ({ metadata: { uid }, status }) => ({ uid, address: status?.ipAddress }),
};

/** The groups of a Port by name, each once. */
export function securityGroupNames(spec: Pick<Port['spec'], 'securityGroupRefs'>): readonly string[] {
  const { securityGroupRefs } = spec;
  return securityGroupRefs === undefined
    ? [DEFAULT_GROUP]
    : [...new Set(securityGroupRefs.map(({ name }) => name))];
}
