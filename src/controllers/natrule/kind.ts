import { resources, type NatRule } from '../../api/index.ts';
import { refKey, type Kind } from '../../reconcile/index.ts';
import { statelessGroupsOf } from '../common/stateless.ts';
import { anySubnetOf, vpcKeys } from '../vpc/index.ts';

const inNamespace = ({ metadata: { namespace = '' } }: NatRule, name: string | undefined) =>
  name === undefined ? [] : [refKey({ namespace, name })];

export const natRuleKind: Kind<NatRule> = {
  type: resources.NatRule,
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
