/** VPCPeering: one side of a connection between the routers of two VPCs. */
import type { VPCPeering } from '../../api/index.ts';
import type { KindModule } from '../kind-module.ts';
import { VPCPeeringController } from './controller.ts';
import { vpcPeeringKind } from './kind.ts';
import { adoptPeering, adoptPeeringOrphan } from './pools.ts';

export const vpcPeering: KindModule<VPCPeering> = {
  kind: vpcPeeringKind,
  controller: (env) => new VPCPeeringController(env),
  writers: 'tenants',
  hasRows: true,
  hasFinalizer: false,
  keeps: { VPC: 'vpc' },
  release: ({ pools }, uid) => {
    pools.links.release(uid);
    pools.routes.release(uid);
  },
  adopt: adoptPeering,
  adoptOrphan: adoptPeeringOrphan,
};
