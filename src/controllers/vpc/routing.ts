import {
  condition,
  containsCidr,
  formatCidr,
  type Cidr,
  type DesiredCondition,
  type VPC,
} from '../../api/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import type { ReadyNetwork } from '../externalnetwork/index.ts';
import type { Pools } from '../pools/pools.ts';
import { routedRangeWaiters } from '../pools/routed-ranges.ts';

/**
 * How packets of a VPC cross its ExternalNetwork. `Translated`: the gateway translates all packets (SNAT). `Routed`:
 * with their own addresses. `NotDeclared` and `HeldByOther`: only packets that a NatRule translates, because the
 * network does not declare the range, or because another VPC on the network has an overlapping range.
 */
export type Routing = 'Translated' | 'Routed' | 'NotDeclared' | 'HeldByOther';

/** Decides how packets of a VPC cross the network, and holds the range of a routed VPC on the network. */
export function routingOf(
  pools: Pools,
  vpc: VPC,
  range: Cidr,
  { uid: networkUid, routedRanges }: ReadyNetwork,
): Routing {
  if (vpc.spec.externalGateway?.snat !== 'Disabled') return 'Translated';
  if (!routedRanges.some((declared) => containsCidr(declared, range))) return 'NotDeclared';
  if (pools.routed.claim(networkUid, vpc.metadata.uid, range)) return 'Routed';
  pools.waiting.add(routedRangeWaiters(networkUid), 'VPC', keyOf(vpc));
  return 'HeldByOther';
}

/**
 * Returns the condition that states whether the network carries the addresses of a VPC without SNAT. The result is
 * empty for a VPC with SNAT. Ready does not depend on the condition, because NatRules may translate all traffic.
 */
export function rangeRouted(
  routing: Routing | undefined,
  range: Cidr,
  { name }: Pick<ReadyNetwork, 'name'>,
): readonly DesiredCondition[] {
  const subject = `the range ${formatCidr(range)} of the VPC`;
  switch (routing) {
    case 'Routed':
      return [
        condition('RangeRouted', 'True', 'RangeRouted', `The ExternalNetwork "${name}" carries ${subject}.`),
      ];
    case 'NotDeclared':
      return [
        condition(
          'RangeRouted',
          'False',
          'RangeNotDeclared',
          `The ExternalNetwork "${name}" does not route ${subject}, so only packets that a NatRule translates leave the VPC; ` +
            'set externalGateway.snat to Enabled, create NatRules, or ask an administrator to route the range.',
        ),
      ];
    case 'HeldByOther':
      return [
        condition(
          'RangeRouted',
          'False',
          'RangeAlreadyRouted',
          `The ExternalNetwork "${name}" routes an overlapping range for another VPC, so only packets that a NatRule translates leave this VPC; ` +
            'create the VPC with another cidr, set externalGateway.snat to Enabled, or create NatRules.',
        ),
      ];
    default:
      return [];
  }
}
