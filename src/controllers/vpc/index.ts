/** VPC: the address range, the router and the gateway of a tenant, and the default Subnet and SecurityGroup. */
import type { VPC } from '../../api/index.ts';
import { countObjects } from '../common/metrics.ts';
import type { KindModule } from '../kind-module.ts';
import { VPCController } from './controller.ts';
import { vpcKind } from './kind.ts';
import { adoptVpc, adoptVpcOrphan, releaseVpc } from './pools.ts';

export { anySubnetOf, anyVpcOf, sizedSubnetsOf, vpcNetwork, vpcRange, vpcsOf } from './kind.ts';
export { hasRouterPort, networksThrough } from './routes.ts';
export { objectsOf, oldestVpc, requireVpc, vpcKeys, vpcNotReady, vpcOf, type InVPC } from './lookup.ts';
export { smallestMtu } from './smallest-mtu.ts';
export { externalRange, staticDestinations } from './own-routes.ts';

export const vpc: KindModule<VPC> = {
  kind: vpcKind,
  controller: (env) => new VPCController(env),
  writers: 'tenants',
  hasRows: true,
  hasFinalizer: true,
  retention: 'filters',
  creates: ['Subnet', 'SecurityGroup'],
  keeps: { ExternalNetwork: 'externalNetwork' },
  release: releaseVpc,
  adopt: adoptVpc,
  adoptOrphan: adoptVpcOrphan,
  metrics: (metrics, stores) => countObjects(metrics, 'vpcs', 'VPC', () => stores.VPC),
};
