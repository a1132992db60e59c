import { condition, type DesiredCondition, type NatRule } from '../../api/index.ts';
import { listNames } from '../common/deletion.ts';
import { statelessGroupsOf } from '../common/stateless.ts';
import type { Sources } from './external.ts';

/**
 * Returns the condition that states whether the machines of the VPC reach a forwarded port. The switches of OVN translate
 * the destination with connection tracking, which traffic of groups with `stateful: Disabled` does not pass. Ready does
 * not depend on the condition: the port works for everyone else.
 */
export function reachableInside(
  { stores }: Pick<Sources, 'stores'>,
  { metadata: { namespace }, spec: { type } }: NatRule,
): readonly DesiredCondition[] {
  if (type !== 'DNAT') return [];
  const names = [...stores.SecurityGroup.byIndex('stateless', statelessGroupsOf(namespace))]
    .map(({ metadata }) => metadata.name)
    .sort();
  if (names.length === 0) {
    const message =
      'The machines in Subnets with a gateway reach the forwarded port, as far as their groups allow it.';
    return [condition('ReachableInside', 'True', 'ReachableInside', message)];
  }
  const message =
    `Ports of the SecurityGroups ${listNames(names)} (stateful: Disabled) may not reach the forwarded port from inside the ` +
    'VPC; use the internal address of the target there, or set stateful to Enabled in the groups.';
  return [condition('ReachableInside', 'False', 'StatelessClients', message)];
}
