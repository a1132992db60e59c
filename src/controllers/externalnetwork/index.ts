/** ExternalNetwork: a network outside OVN, with its address pool and its gateway chassis. */
import type { ExternalNetwork } from '../../api/index.ts';
import type { KindModule } from '../kind-module.ts';
import { ExternalNetworkController } from './controller.ts';
import { externalNetworkKind } from './kind.ts';
import { externalNetworkMetrics } from './metrics.ts';
import { externalAddressing } from './ranges.ts';

export { rankChassis } from './chassis.ts';
export { recountAddresses } from './recount.ts';
export {
  allowedNetwork,
  networkExhausted,
  networkNotReady,
  readyNetwork,
  type ReadyNetwork,
} from './kind.ts';

export const externalNetwork: KindModule<ExternalNetwork> = {
  kind: externalNetworkKind,
  controller: (env) => new ExternalNetworkController(env),
  hasRows: true,
  hasFinalizer: true,
  hasPool: true,
  release: ({ pools }, uid) => pools.external.remove(uid),
  adopt: ({ pools }, network) => {
    const addressing = externalAddressing(network);
    if (addressing.ok)
      pools.external.configure(network.metadata.uid, addressing.value.cidr, addressing.value.ranges);
    return [];
  },
  followsChassis: true,
  metrics: externalNetworkMetrics,
};
