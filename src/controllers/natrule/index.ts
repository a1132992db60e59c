/** NatRule: source NAT, a forwarded port or a floating IP of a VPC. */
import type { NatRule } from '../../api/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import { countObjects } from '../common/metrics.ts';
import type { KindModule } from '../kind-module.ts';
import { NatRuleController } from './controller.ts';
import { distributedOn, natRuleKind } from './kind.ts';
import { adoptNatRule, adoptNatRuleOrphan, natRuleClaims, releaseNatRule } from './pools.ts';

export const natRule: KindModule<NatRule> = {
  kind: natRuleKind,
  controller: (env) => new NatRuleController(env),
  writers: 'tenants',
  hasRows: true,
  hasFinalizer: false,
  keeps: { VPC: 'vpc', FloatingIP: 'floatingIP' },
  release: releaseNatRule,
  adopt: adoptNatRule,
  adoptOrphan: adoptNatRuleOrphan,
  namedClaims: natRuleClaims,
  // The host of the Port translates a distributed floating IP while the Port is bound there.
  followsPort: (stores, bound) => stores.NatRule.keysByIndex('port', keyOf(bound)),
  followsChassis: distributedOn,
  metrics: (metrics, stores) => countObjects(metrics, 'nat_rules', 'NatRule', () => stores.NatRule),
};
