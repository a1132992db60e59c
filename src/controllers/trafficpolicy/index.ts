/** TrafficPolicy: restrictions above security groups, for the Ports of Subnets or for Ports with labels. */
import type { TrafficPolicy } from '../../api/index.ts';
import { adoptRules } from '../common/limits.ts';
import type { KindModule } from '../kind-module.ts';
import { TrafficPolicyController } from './controller.ts';
import { trafficPolicyKind } from './kind.ts';

export { restrictionsOf, type Restrictions, type Surroundings } from './membership.ts';
export { portKeys } from './selection.ts';

export const trafficPolicy: KindModule<TrafficPolicy> = {
  kind: trafficPolicyKind,
  controller: (env) => new TrafficPolicyController(env),
  writers: 'administrators',
  hasRows: true,
  release: ({ pools }, uid) => pools.usage.release(uid),
  adopt: adoptRules,
  hasFinalizer: false,
};
