/** Subnet: a range of a VPC, as a logical switch with DHCP and a gateway. */
import type { Subnet } from '../../api/index.ts';
import type { KindModule } from '../kind-module.ts';
import { SubnetController } from './controller.ts';
import { subnetKind } from './kind.ts';
import { subnetMetrics } from './metrics.ts';
import { adoptSubnet, adoptSubnetOrphan } from './pools.ts';

export { subnetNetwork, vpcOfSubnet, type SubnetNetwork } from './kind.ts';

export const subnet: KindModule<Subnet> = {
  kind: subnetKind,
  controller: (env) => new SubnetController(env),
  writers: 'tenants',
  hasRows: true,
  hasFinalizer: true,
  hasPool: true,
  keeps: { VPC: 'vpc', ProviderNetwork: 'provider' },
  release: ({ pools }, uid) => pools.releaseSubnet(uid),
  adopt: adoptSubnet,
  adoptOrphan: adoptSubnetOrphan,
  metrics: subnetMetrics,
};
