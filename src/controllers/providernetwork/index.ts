/** ProviderNetwork: the segments of a physical network that Subnets of some namespaces may use. */
import type { ProviderNetwork } from '../../api/index.ts';
import type { KindModule } from '../kind-module.ts';
import { ProviderNetworkController } from './controller.ts';
import { providerNetworkKind } from './kind.ts';

export { excludesSubnets, grantedSegment, sharesSegments, type Grant } from './grant.ts';

export const providerNetwork: KindModule<ProviderNetwork> = {
  kind: providerNetworkKind,
  controller: (env) => new ProviderNetworkController(env),
  writers: 'administrators',
  hasRows: false,
  hasFinalizer: true,
};
