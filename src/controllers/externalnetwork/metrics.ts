import type { MetricsRegistry } from '../../reconcile/index.ts';
import type { Stores } from '../common/env.ts';

/** Registers the number of used and available addresses of each ExternalNetwork. */
export function externalNetworkMetrics(metrics: MetricsRegistry, stores: Stores): void {
  metrics.collect(
    'overlay_network_external_addresses',
    'Addresses of ExternalNetworks, by state.',
    ['external_network', 'state'],
    () =>
      [...stores.ExternalNetwork.values()].flatMap(({ metadata: { name }, status }) => [
        [[name, 'used'], status?.usedIPs ?? 0] as const,
        [[name, 'available'], status?.availableIPs ?? 0] as const,
      ]),
  );
}
