/** SecurityGroup: the traffic that Ports accept and send, as a port group with ACLs. */
import type { SecurityGroup } from '../../api/index.ts';
import { adoptRules } from '../common/limits.ts';
import type { KindModule } from '../kind-module.ts';
import { SecurityGroupController } from './controller.ts';
import { securityGroupKind } from './kind.ts';
import { securityGroupMetrics } from './metrics.ts';

export { isInOvn, missingGroups } from './kind.ts';

export const securityGroup: KindModule<SecurityGroup> = {
  kind: securityGroupKind,
  controller: (env) => new SecurityGroupController(env),
  writers: 'tenants',
  hasRows: true,
  release: ({ pools }, uid) => pools.usage.release(uid),
  adopt: adoptRules,
  hasFinalizer: true,
  retention: 'names',
  keeps: { SecurityGroup: 'keptRemotes' },
  metrics: securityGroupMetrics,
};
