/** Port: a logical switch port for one interface of a VM, with a unique IP address and MAC address. */
import type { Port } from '../../api/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import { countObjects } from '../common/metrics.ts';
import type { KindModule } from '../kind-module.ts';
import { PortController } from './controller.ts';
import { portKind } from './kind.ts';
import { adoptPort, adoptPortOrphan, portClaims, releasePort } from './pools.ts';

export const port: KindModule<Port> = {
  kind: portKind,
  controller: (env) => new PortController(env),
  writers: 'tenants',
  hasRows: true,
  hasFinalizer: false,
  keeps: { Subnet: 'subnet', SecurityGroup: 'securityGroups' },
  release: releasePort,
  adopt: adoptPort,
  adoptOrphan: adoptPortOrphan,
  namedClaims: portClaims,
  followsPort: (_stores, bound) => [keyOf(bound)],
  metrics: (metrics, stores) => countObjects(metrics, 'ports', 'Port', () => stores.Port),
};
