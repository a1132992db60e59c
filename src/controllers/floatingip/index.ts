/** FloatingIP: an external address that a project keeps even while no NatRule uses it. */
import type { FloatingIP } from '../../api/index.ts';
import { countObjects } from '../common/metrics.ts';
import type { KindModule } from '../kind-module.ts';
import { FloatingIPController } from './controller.ts';
import { floatingIPKind } from './kind.ts';
import { adoptFloatingIP, floatingIPClaims, releaseFloatingIP } from './pools.ts';

export { addressKey } from './kind.ts';

export const floatingIP: KindModule<FloatingIP> = {
  kind: floatingIPKind,
  controller: (env) => new FloatingIPController(env),
  writers: 'tenants',
  hasRows: false,
  hasFinalizer: true,
  keeps: { ExternalNetwork: 'externalNetwork' },
  release: releaseFloatingIP,
  adopt: adoptFloatingIP,
  namedClaims: floatingIPClaims,
  metrics: (metrics, stores) => countObjects(metrics, 'floating_ips', 'FloatingIP', () => stores.FloatingIP),
};
