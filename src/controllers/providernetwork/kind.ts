import { findCondition, resources, type ProviderNetwork } from '../../api/index.ts';
import type { Kind } from '../../reconcile/index.ts';
import { onPhysicalNetwork } from '../common/segments.ts';

export const providerNetworkKind: Kind<ProviderNetwork> = {
  type: resources.ProviderNetwork,
  indexes: { physicalNetwork: ({ spec }) => [spec.physicalNetwork] },
  aliases: ({ spec }) => [onPhysicalNetwork(spec.physicalNetwork)],
  references: {
    /** No Subnet may use the segment of an ExternalNetwork. */
    externalNetworks: {
      to: 'ExternalNetwork',
      keys: ({ spec }) => [onPhysicalNetwork(spec.physicalNetwork)],
    },
  },
  facts: ({ metadata: { uid }, spec, status }) => ({
    uid,
    spec,
    conflicts: findCondition(status?.conditions, 'Accepted')?.message,
  }),
};
