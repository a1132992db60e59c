/** ExternalNetwork: a network outside OVN, with its address pool and its gateway chassis. */
import { segmentKey, type ExternalNetwork } from '../../api/index.ts';
import type { KindModule } from '../kind-module.ts';
import { ExternalNetworkController } from './controller.ts';
import { externalNetworkKind } from './kind.ts';
import { externalNetworkMetrics } from './metrics.ts';
import { adoptExternalNetwork } from './pools.ts';
import { recordedSegment } from '../rows/segment.ts';

export { rankChassis } from './chassis.ts';
export { recountAddresses } from './recount.ts';
export {
  allowedNetwork,
  anyAddressOf,
  networkExhausted,
  networkNotReady,
  noCapacity,
  readyNetwork,
  type ReadyNetwork,
} from './kind.ts';

export const externalNetwork: KindModule<ExternalNetwork> = {
  kind: externalNetworkKind,
  controller: (env) => new ExternalNetworkController(env),
  writers: 'administrators',
  hasRows: true,
  hasFinalizer: true,
  hasPool: true,
  release: ({ pools }, uid) => {
    pools.external.remove(uid);
    pools.segments.release(uid);
  },
  adopt: adoptExternalNetwork,
  adoptOrphan: ({ pools, writer }, { uid }) => {
    const recorded = recordedSegment(writer, uid);
    if (recorded !== undefined) pools.segments.holdAsExternalNetwork(segmentKey(recorded), uid);
    return [];
  },
  followsChassis: ({ stores }) => stores.ExternalNetwork.keys(),
  metrics: externalNetworkMetrics,
};
