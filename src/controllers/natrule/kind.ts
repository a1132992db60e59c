import { resources, type NatRule } from '../../api/index.ts';
import { keyOf, refKey, type Kind } from '../../reconcile/index.ts';
import type { Env } from '../common/env.ts';
import { statelessGroupsOf } from '../common/stateless.ts';
import { interfaceId } from '../rows/names.ts';
import { anySubnetOf, vpcKeys } from '../vpc/index.ts';

const inNamespace = ({ metadata: { namespace = '' } }: NatRule, name: string | undefined) =>
  name === undefined ? [] : [refKey({ namespace, name })];

export const natRuleKind: Kind<NatRule> = {
  type: resources.NatRule,
  indexes: { mode: ({ spec: { mode } }) => (mode === 'Distributed' ? [mode] : []) },
  references: {
    vpc: { to: 'VPC', keys: vpcKeys, wakesTarget: { afterMs: 500 } },
    floatingIP: {
      to: 'FloatingIP',
      keys: (rule) => inNamespace(rule, rule.spec.floatingIPRef?.name),
      wakesTarget: true,
    },
    /** The FloatingIP whose address the rule translates. */
    translates: {
      to: 'FloatingIP',
      keys: (rule) =>
        rule.status?.externalIP === undefined ? [] : inNamespace(rule, rule.spec.floatingIPRef?.name),
      wakesTarget: true,
    },
    port: { to: 'Port', keys: (rule) => inNamespace(rule, rule.spec.target?.portRef?.name) },
    subnet: { to: 'Subnet', keys: (rule) => inNamespace(rule, rule.spec.source?.subnetRef?.name) },
    /**
     * The Subnet that contains the target or the source decides whether the router reaches it. The rows of a DNAT rule
     * contain the switches of all Subnets, so that VMs inside reach the forwarded port too.
     */
    subnets: {
      to: 'Subnet',
      keys: ({ metadata, spec: { source } }) =>
        source?.subnetRef === undefined ? [anySubnetOf(metadata.namespace)] : [],
    },
    /** Machines in these groups do not reach forwarded ports of their own VPC. */
    statelessGroups: {
      to: 'SecurityGroup',
      keys: ({ metadata, spec: { type } }) =>
        type === 'DNAT' ? [statelessGroupsOf(metadata.namespace)] : [],
    },
  },
};

/** Yields the keys of the distributed rules whose Port is on one of these hosts; undefined: on any host. */
export function* distributedOn(
  { stores, bindings }: Pick<Env, 'stores' | 'bindings'>,
  hosts: ReadonlySet<string> | undefined,
): Iterable<string> {
  for (const rule of stores.NatRule.byIndex('mode', 'Distributed')) {
    const [target] = inNamespace(rule, rule.spec.target?.portRef?.name);
    const port = target === undefined ? undefined : stores.Port.get(target);
    const host = port && bindings.hostOf(interfaceId(port.metadata.uid));
    if (hosts === undefined || (host !== undefined && hosts.has(host))) yield keyOf(rule);
  }
}
