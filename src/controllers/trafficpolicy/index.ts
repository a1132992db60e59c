/** TrafficPolicy: restrictions above security groups, for the Ports of Subnets or for Ports with labels. */
import type { TrafficPolicy } from '../../api/index.ts';
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
  hasFinalizer: false,
};
