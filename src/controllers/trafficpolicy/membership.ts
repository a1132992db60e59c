import type { Port, TrafficPolicy } from '../../api/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import type { Stores } from '../common/env.ts';
import { isolationGroupUuid, policyGroupUuid } from '../rows/names.ts';
import type { SubnetNetwork } from '../subnet/index.ts';
import { isProgrammed } from './kind.ts';
import { appliesTo, keysDecide, policyKeys, portKeys } from './selection.ts';

/**
 * Returns the port groups (UUIDs, sorted) that a Port joins because of TrafficPolicies: the group of each policy that
 * applies to the Port and that OVN contains, and the isolation groups of its Subnet and VPC, which always exist.
 */
export function policyGroups(
  stores: Pick<Stores, 'TrafficPolicy'>,
  port: Port,
  { subnet, vpc }: Pick<SubnetNetwork, 'subnet' | 'vpc'>,
): readonly string[] {
  const groups = new Set<string>();
  for (const key of portKeys(port)) {
    for (const policy of stores.TrafficPolicy.byIndex('appliesTo', key)) {
      if (!appliesTo(policy, port)) continue;
      if (isProgrammed(policy)) groups.add(policyGroupUuid(policy.metadata.uid));
      if (policy.spec.isolation === 'Subnet') groups.add(isolationGroupUuid(subnet.metadata.uid));
      if (policy.spec.isolation === 'VPC') groups.add(isolationGroupUuid(vpc.metadata.uid));
    }
  }
  return [...groups].sort();
}

/** Counts the Ports that a policy applies to: by key, and Port by Port only if the keys do not decide. */
export function countPorts({ Port: ports }: Pick<Stores, 'Port'>, policy: TrafficPolicy): number {
  let count = 0;
  for (const key of policyKeys(policy)) {
    if (keysDecide(policy)) count += ports.keysByIndex('policies', key).size;
    else for (const port of ports.byIndex('policies', key)) if (appliesTo(policy, port)) count++;
  }
  return count;
}

/** Returns the names of the Subnets in the policy that do not exist. */
export function missingSubnets(
  { Subnet: subnets }: Pick<Stores, 'Subnet'>,
  policy: TrafficPolicy,
): readonly string[] {
  const { namespace = '' } = policy.metadata;
  const names = (policy.spec.appliesTo.subnetRefs ?? []).map(({ name }) => name);
  return names.filter((name) => subnets.get(keyOf({ metadata: { namespace, name } })) === undefined);
}
